//! Generates random sessions: most are valid, some are damaged.

use fastrand::Rng;

use super::{
    plan::{PREFIX, Session},
    replies::{FIRST, LAST, OTHER},
};

/// The session with this number: always the same one.
pub fn session(seed: u64) -> Session {
    let mut rng = Rng::with_seed(seed);
    let fresh = rng.u8(..16) == 0;
    let heavy = rng.u16(..150) == 0;
    let mut source = Source { rng, fresh, heavy };
    let mut requests = Vec::new();
    for _ in 0..source.rng.u8(..4) {
        // Most commands have no effect on a key without a value.
        requests.push(source.plain_set());
    }
    for _ in 0..source.rng.u8(1..=12) {
        source.request(&mut requests);
    }
    if source.one_in(3) {
        source.damage(&mut requests);
    }
    Session { fresh, large: true, requests }
}

struct Source {
    rng: Rng,
    fresh: bool,
    /// Whether values are large.
    heavy: bool,
}

type Words = Vec<Vec<u8>>;

impl Source {
    fn one_in(&mut self, times: u32) -> bool {
        self.rng.u32(..times) == 0
    }

    fn of<'w>(&mut self, choices: &[&'w str]) -> &'w [u8] {
        choices[self.rng.usize(..choices.len())].as_bytes()
    }

    fn key(&mut self) -> Vec<u8> {
        if self.heavy && !self.one_in(8) {
            return b"b".to_vec();
        }
        let key = match self.rng.u32(..200) {
            0 => vec![b'k'; 250],
            1 => vec![b'k'; 251],
            2 => b"noreply".to_vec(),
            3 => "grüße".into(),
            4 => b"\xff\x80".to_vec(),
            5 => b"a\x01".to_vec(),
            6 => b"\x7f".to_vec(),
            _ => {
                self.of(&["a", "a", "a", "a", "a", "a", "a", "b", "b", "b", "key", "END"]).to_vec()
            }
        };
        if self.fresh && key.len() < 200 { [PREFIX, &key[..]].concat() } else { key }
    }

    fn plain_set(&mut self) -> Vec<u8> {
        let (key, value) = (self.key(), self.value());
        let line = format!(" {} 0 {}\r\n", self.rng.u8(..3), value.len());
        [b"set ", &key[..], line.as_bytes(), &value, b"\r\n"].concat()
    }

    fn flags(&mut self) -> &'static [u8] {
        match self.rng.u32(..20) {
            0..10 => b"0",
            10..18 => {
                self.of(&["1", "7", "007", "+5", "65535", "65536", "2147483648", "4294967295"])
            }
            _ => {
                self.of(&["4294967296", "18446744073709551615", "18446744073709551616", "-1", "-0"])
            }
        }
    }

    fn exptime(&mut self) -> &'static [u8] {
        match self.rng.u32(..40) {
            0..28 => b"0",
            28..33 => self.of(&["100", "1000", "2592000", "2147483647", "+100", "000"]),
            33..38 => self.of(&["-1", "-1000", "-2147483648", "2592001", "1000000000"]),
            38 => self.of(&["x", "1x", "9223372036854775808", "-9223372036854775809", "-", "1.0"]),
            _ => self.of(&[
                "1",
                "2147483648",
                "4294967296",
                "-2147483649",
                "9223372036854775807",
                "-9223372036854775808",
            ]),
        }
    }

    fn delta(&mut self) -> &'static [u8] {
        if self.one_in(2) {
            return self.of(&["1", "1", "5", "10", "89", "0"]);
        }
        self.of(&[
            "18446744073709551615",
            "18446744073709551614",
            "9223372036854775808",
            "9223372036854775807",
            "18446744073709551616",
            "1000000000",
            "01",
            "+1",
            "-1",
            "-0",
            "x",
        ])
    }

    fn value(&mut self) -> Vec<u8> {
        if self.heavy && self.one_in(2) {
            return match self.rng.u8(..8) {
                0..2 => vec![b'v'; 1_100_000],
                2 => vec![b'v'; self.rng.usize(1_040_000..1_060_000)],
                3..6 => vec![b'v'; self.rng.usize(400_000..700_000)],
                _ => vec![b'0'; self.rng.usize(5_000..100_000)],
            };
        }
        match self.rng.u32(..10) {
            0..5 => self
                .of(&[
                    "0",
                    "1",
                    "9",
                    "10",
                    "99",
                    "100",
                    "12345",
                    "18446744073709551615",
                    "18446744073709551614",
                    "18446744073709551616",
                    "9223372036854775807",
                    "9223372036854775808",
                    "99999999999999999999",
                    "100000000000000000000",
                ])
                .to_vec(),
            5 => self
                .of(&[
                    "007", "+1", "-1", "-0", " 1", "1 ", "1  ", "\t1", "1\t", "1\n", "1\r\n", "1x",
                    "1 x", "x1", "1.0", "0x1", " ", "\x0b1", "1\x0b", "1\0", "",
                ])
                .to_vec(),
            6 => self
                .of(&["\r\n", "\n", "\r", "get a\r\n", "END\r\n", "VALUE a 0 1\r\n", "\0\0\0"])
                .to_vec(),
            _ => {
                let size =
                    if self.one_in(20) { self.rng.usize(..5000) } else { self.rng.usize(..24) };
                let text = self.one_in(2);
                (0..size)
                    .map(|_| if text { self.rng.u8(b'!'..=b'~') } else { self.rng.u8(..) })
                    .collect()
            }
        }
    }

    /// Adds an optional last word.
    fn end(&mut self, words: &mut Words) {
        match self.rng.u32(..40) {
            0..5 => words.push(b"noreply".to_vec()),
            5 => words.push(self.of(&["foo", "0", "noreplY", "norepl", "no reply"]).to_vec()),
            _ => {}
        }
    }

    fn request(&mut self, requests: &mut Vec<Vec<u8>>) {
        let mut words: Words = Vec::new();
        let mut block = None;
        match self.rng.u32(..100) {
            0..24 => {
                let verb = self.of(&["set", "set", "set", "add", "replace", "append", "prepend"]);
                block = Some(self.store(&mut words, verb));
            }
            24..34 => {
                let key = self.key();
                if !self.one_in(4) {
                    let verb: &[u8] = if self.one_in(5) { b"gats 0" } else { b"gets" };
                    requests.push([verb, b" ", &key, b"\r\n"].concat());
                    if self.one_in(2) {
                        requests.push(self.change(&key));
                    }
                }
                block = Some(self.store(&mut words, b"cas"));
                if !self.one_in(8) {
                    words[1] = key;
                }
                let unique = match self.rng.u32(..20) {
                    0..11 => LAST.to_vec(),
                    11..14 => FIRST.to_vec(),
                    14..17 => OTHER.to_vec(),
                    _ => self
                        .of(&["0", "1", "-1", "18446744073709551615", "18446744073709551616"])
                        .to_vec(),
                };
                words.insert(5, unique);
            }
            34..60 => {
                words.push(self.of(&["get", "get", "gets"]).to_vec());
                self.keys(&mut words);
            }
            60..66 => {
                words.push(self.of(&["gat", "gats"]).to_vec());
                words.push(self.exptime().to_vec());
                if !self.one_in(40) {
                    self.keys(&mut words);
                }
            }
            66..80 => {
                words.extend([
                    self.of(&["incr", "decr"]).to_vec(),
                    self.key(),
                    self.delta().to_vec(),
                ]);
                self.end(&mut words);
            }
            80..87 => {
                words.extend([b"delete".to_vec(), self.key()]);
                if self.one_in(8) {
                    words.push(self.of(&["0", "10", "+0", "x", "noreply"]).to_vec());
                }
                self.end(&mut words);
            }
            87..92 => {
                words.extend([b"touch".to_vec(), self.key(), self.exptime().to_vec()]);
                self.end(&mut words);
            }
            92..95 => {
                words.push(b"flush_all".to_vec());
                if self.fresh || self.one_in(3) {
                    words.push(self.exptime().to_vec());
                }
                self.end(&mut words);
            }
            95 => words.extend([b"version".to_vec()]),
            96 => {
                let level = self.of(&["0", "1", "-1", "x", "+0", "4294967296"]);
                words.extend([b"verbosity".to_vec(), level.to_vec()]);
                self.end(&mut words);
            }
            97 => words.extend([b"stats".to_vec(), self.of(&["reset", "frobnication"]).to_vec()]),
            98 => words.push(self.of(&["frob", "", "x", "GET a", "get", "mn", "\u{e9}"]).to_vec()),
            _ if self.one_in(4) => words.push(b"quit".to_vec()),
            _ => words.push(b"verbosity 0 noreply".to_vec()),
        }
        let mut request = words.join(&b' ');
        request.extend(b"\r\n");
        if let Some(block) = block {
            request.extend(block);
            request.extend(b"\r\n");
        }
        requests.push(request);
    }

    /// A request that changes the value, or only its CAS unique, or nothing.
    fn change(&mut self, key: &[u8]) -> Vec<u8> {
        let [before, after] = self
            .rng
            .choice([
                ["set ", " 0 0 1\r\n5\r\n"],
                ["add ", " 0 0 1\r\n5\r\n"],
                ["replace ", " 0 0 1 noreply\r\n5\r\n"],
                ["append ", " 0 0 1\r\n5\r\n"],
                ["prepend ", " 0 0 0\r\n\r\n"],
                ["incr ", " 0\r\n"],
                ["incr ", " 1 noreply\r\n"],
                ["decr ", " 1\r\n"],
                ["touch ", " 100\r\n"],
                ["touch ", " -1\r\n"],
                ["gat 0 ", "\r\n"],
                ["delete ", "\r\n"],
                ["flush_all\r\nget ", "\r\n"],
                ["set ", " 0 0 1\r\n55\r\n"],
            ])
            .expect("one of them");
        [before.as_bytes(), key, after.as_bytes()].concat()
    }

    /// Adds the words of a storage command; returns its data block.
    fn store(&mut self, words: &mut Words, verb: &[u8]) -> Vec<u8> {
        let block = self.value();
        let count = match self.rng.u32(..400) {
            0..4 => block.len() + self.rng.usize(1..=3),
            4..8 => block.len().saturating_sub(self.rng.usize(1..=3)),
            8 => block.len() + self.rng.usize(..40),
            _ => block.len(),
        };
        let count = match self.rng.u32(..200) {
            3 => {
                let odd =
                    ["-1", "2147483645", "2147483646", "2147483647", "2147483648", "4294967295"];
                self.rng.choice(odd).unwrap_or_default().to_owned()
            }
            4 => {
                let odd =
                    ["9223372036854775808", "18446744073709551616", "x", "1e3", "1.0", "-", "+"];
                self.rng.choice(odd).unwrap_or_default().to_owned()
            }
            0 => format!("+{count}"),
            1 => format!("00{count}"),
            2 => format!("-{count}"),
            _ => count.to_string(),
        };
        let (key, flags, exptime) = (self.key(), self.flags().to_vec(), self.exptime().to_vec());
        words.extend([verb.to_vec(), key, flags, exptime, count.into()]);
        self.end(words);
        block
    }

    fn keys(&mut self, words: &mut Words) {
        let count = match self.rng.u32(..100) {
            0 => self.rng.usize(20..60),
            1..60 => 1,
            _ => self.rng.usize(1..=5),
        };
        for _ in 0..count {
            words.push(self.key());
        }
    }

    fn damage(&mut self, requests: &mut [Vec<u8>]) {
        for _ in 0..self.rng.u8(1..=3) {
            let place = self.rng.usize(..requests.len());
            if self.one_in(3) {
                self.damage_bytes(&mut requests[place]);
            } else {
                self.damage_line(&mut requests[place]);
            }
        }
        if self.one_in(6) {
            // The stream ends anywhere, for example inside a line.
            let last = requests.last_mut().expect("a request at least");
            last.truncate(self.rng.usize(..=last.len()));
        }
    }

    fn damage_bytes(&mut self, request: &mut Vec<u8>) {
        let place = self.rng.usize(..=request.len());
        let end = (place + self.rng.usize(1..=4)).min(request.len());
        match self.rng.u8(..6) {
            0 => request.insert(place, self.rng.u8(..)),
            1 => request.insert(place, self.of(&[" ", "\r", "\n", "\t", "0", "-"])[0]),
            2 => drop(request.drain(place..end)),
            3 => {
                let part = request[place..end].to_vec();
                request.splice(place..place, part);
            }
            4 if place < request.len() => request[place] ^= 1 << self.rng.u8(..8),
            _ => request.truncate(place),
        }
    }

    fn damage_line(&mut self, request: &mut Vec<u8>) {
        let Some(lf) = request.iter().position(|byte| *byte == b'\n') else { return };
        let line = request[..lf].trim_ascii_end();
        let mut words: Words = line.split(|byte| *byte == b' ').map(<[u8]>::to_vec).collect();
        let mut end = b"\r\n".to_vec();
        let place = self.rng.usize(..words.len());
        match self.rng.u8(..12) {
            0 => drop(words.remove(place)),
            1 => words.insert(place, words[place].clone()),
            2 | 3 => {
                words[place] = self.odd_word();
            }
            4 => {
                let word = self.odd_word();
                words.insert(self.rng.usize(..=words.len()), word);
            }
            5 => words.truncate(place),
            6 => words.insert(self.rng.usize(..=words.len()), Vec::new()),
            7 => words.extend(vec![Vec::new(); self.rng.usize(1..5)]),
            8 => end = b"\n".to_vec(),
            9 => end = self.of(&["\r\r\n", "\n\n", "\r", "", "\n\r\n", " \r\n"]).to_vec(),
            10 => words[0].make_ascii_uppercase(),
            _ => {
                let other = self.rng.usize(..words.len());
                words.swap(place, other);
            }
        }
        let mut line = words.join(&b' ');
        line.extend(end);
        request.splice(..=lf, line);
    }

    fn odd_word(&mut self) -> Vec<u8> {
        if self.one_in(10) {
            return vec![b'k'; self.rng.usize(249..260)];
        }
        self.of(&[
            "noreply",
            "0",
            "1",
            "-1",
            "-0",
            "+1",
            "+",
            "-",
            "x",
            "1x",
            "1.5",
            "0x1",
            "\t1",
            "1\t",
            "1\0",
            "\u{e9}",
            "18446744073709551615",
            "18446744073709551616",
            "4294967296",
            "4294967297",
            "2147483645",
            "2147483648",
            "-18446744073709551615",
            "1000000",
            "set",
            "get",
            "a",
            "b",
            "a\u{7f}",
            "HTTP/1.1",
            "-2147483649",
            "99999999999999999999999",
        ])
        .to_vec()
    }
}
