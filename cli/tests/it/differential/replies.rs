//! Collects and normalises a server's replies to a plan, and reports differences.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    ops::Range,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

use super::plan::{PREFIX, Plan};

/// Sent before each session: removes the items of the last one, and cancels a delayed flush.
const RESET: &[u8] = b"flush_all noreply\r\nverbosity 0 noreply\r\n";

/// What [`PREFIX`] is replaced with: letters, different ones for each of the next 2^24 sessions.
pub fn prefix() -> [u8; 6] {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let mut count = COUNT.fetch_add(1, Relaxed);
    [(); 6].map(|()| {
        count = count.rotate_right(4);
        b'a' + (count >> 28) as u8
    })
}

/// The normalised replies of a server, for each connection. `exchange` sends the bytes of a
/// connection and returns the replies.
pub fn replies(
    plan: &Plan,
    prefix: [u8; 6],
    mut exchange: impl FnMut(&[u8]) -> Vec<u8>,
) -> Vec<Vec<u8>> {
    let mut uniques = Uniques::default();
    let mut answers = Vec::new();
    for (index, requests) in plan.connections.iter().enumerate() {
        let mut bytes = if index == 0 { RESET.to_vec() } else { vec![] };
        for request in requests {
            let mut request = request.clone();
            while let Some(at) = request.windows(PREFIX.len()).position(|part| part == PREFIX) {
                request[at..at + PREFIX.len()].copy_from_slice(&prefix);
            }
            bytes.extend(uniques.fill(&request));
        }
        answers.push(uniques.learn(&exchange(&bytes)));
    }
    answers
}

/// A report of what was sent, and of the replies of both servers.
pub fn report(plan: &Plan, theirs: &[Vec<u8>], who: &str, ours: &[Vec<u8>]) -> String {
    let mut report = String::new();
    for (index, requests) in plan.connections.iter().enumerate() {
        let mut print = |who: &str, bytes: &[u8]| {
            for line in bytes.split_inclusive(|byte| *byte == b'\n') {
                let shown = &line[..line.len().min(400)];
                let more = if shown.len() < line.len() { " ..." } else { "" };
                writeln!(report, "  {who:<10}{}{more}", shown.escape_ascii()).expect("a string");
            }
        };
        print(">", &requests.concat());
        if theirs[index] == ours[index] {
            print("both", &ours[index]);
        } else {
            print("memcached", &theirs[index]);
            print(who, &ours[index]);
        }
    }
    report
}

/// Placeholders in a `cas` for a CAS unique, which each server chooses. They are as long as the
/// numbers that replace them.
pub const LAST: &[u8; 20] = b"unique-of-last-gets!";
pub const FIRST: &[u8; 20] = b"unique-of-first-gets";
pub const OTHER: &[u8; 20] = b"unique-of-other-key!";

/// A CAS unique that no item has.
const UNUSED: u64 = 99_999_999_999_999;

/// The key of a `cas`, and the range of its CAS unique.
pub fn unique_of_cas(request: &[u8]) -> Option<(&[u8], Range<usize>)> {
    let end = request.iter().position(|byte| *byte == b'\n').unwrap_or(request.len());
    let line = request[..end].strip_suffix(b"\r").unwrap_or(&request[..end]);
    let mut words = Vec::new();
    let mut start = 0;
    for word in line.split(|byte| *byte == b' ') {
        if !word.is_empty() {
            words.push(start..start + word.len());
        }
        start += word.len() + 1;
    }
    let [verb, key, _, _, _, unique, ..] = &words[..] else { return None };
    (&line[verb.clone()] == b"cas").then(|| (&line[key.clone()], unique.clone()))
}

/// The CAS uniques that a server returned, the first and the last of each key.
#[derive(Default)]
pub struct Uniques(BTreeMap<Vec<u8>, (u64, u64)>);

impl Uniques {
    /// The request, with a CAS unique of this server in place of a placeholder.
    pub fn fill(&self, request: &[u8]) -> Vec<u8> {
        let mut filled = request.to_vec();
        let Some((key, place)) = unique_of_cas(request) else { return filled };
        let returned = self.0.get(key);
        let number = match &request[place.clone()] {
            word if word == LAST => returned.map(|returned| returned.1),
            word if word == FIRST => returned.map(|returned| returned.0),
            word if word == OTHER => {
                self.0.iter().find(|returned| returned.0 != key).map(|returned| returned.1.1)
            }
            _ => return filled,
        };
        let number = format!("{:020}", number.unwrap_or(UNUSED));
        filled[place].copy_from_slice(number.as_bytes());
        filled
    }

    /// The replies without what servers are free to choose. Remembers the CAS uniques.
    pub fn learn(&mut self, replies: &[u8]) -> Vec<u8> {
        let mut normal = Vec::new();
        let mut rest = replies;
        while !rest.is_empty() {
            let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |lf| lf + 1);
            let (line, after) = rest.split_at(end);
            rest = after;
            let text = line.trim_ascii_end();
            let words: Vec<_> = text.split(|byte| *byte == b' ').collect();
            match words[..] {
                [b"VALUE", key, flags, count, ref unique @ ..] => {
                    normal.extend([b"VALUE", key, flags, count].join(&b' '));
                    if let Some(unique) = unique.first().and_then(|unique| number(unique)) {
                        normal.extend(b" #");
                        let returned = self.0.entry(key.to_vec()).or_insert((unique, unique));
                        returned.1 = unique;
                    }
                    normal.extend(&line[text.len()..]);
                    let size = number(count).and_then(|count| usize::try_from(count).ok());
                    let (block, after) = rest.split_at(rest.len().min(size.unwrap_or(0) + 2));
                    normal.extend(block);
                    rest = after;
                }
                [word @ (b"VERSION" | b"CLIENT_ERROR" | b"SERVER_ERROR"), _, ..] => {
                    normal.extend([word, b" #", &line[text.len()..]].concat());
                }
                _ => normal.extend(line),
            }
        }
        normal
    }
}

pub fn number(word: &[u8]) -> Option<u64> {
    str::from_utf8(word).ok()?.parse().ok()
}
