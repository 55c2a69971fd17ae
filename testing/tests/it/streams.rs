//! Random streams of `simple` commands and replies, valid and damaged, with random splits, which
//! quickcheck can shrink.

use std::{fmt::Debug, iter, ops::Range};

use quickcheck::{Arbitrary, Gen};

/// A stream in pieces, so that a counterexample shrinks to a few short ones.
#[derive(Clone, Debug)]
pub struct Stream {
    pieces: Vec<Text>,
    split: Vec<usize>,
}

/// Bytes, printed as text.
#[derive(Clone, PartialEq, Eq)]
pub struct Text(Vec<u8>);

impl Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

impl Text {
    /// The same line with smaller declared lengths, and with correspondingly fewer bytes after it.
    fn shorter_blocks(&self) -> Vec<Self> {
        let line = self.0.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let digits = line.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let (head, digits) = line.split_at(line.len() - digits);
        let count = str::from_utf8(digits).ok().and_then(|digits| digits.parse::<usize>().ok());
        let Some(count) = count else { return vec![] };
        let rest = &self.0[line.len()..];
        let smaller = [0, count / 2, count.saturating_sub(1)].into_iter();
        let smaller = smaller.filter(|n| *n < count && count - n < rest.len());
        let text = |n: usize| {
            [head, n.to_string().as_bytes(), &rest[..1], &rest[1 + count - n..]].concat()
        };
        smaller.map(|n| Self(text(n))).collect()
    }
}

impl Stream {
    /// The bytes, and the offsets at which they are split.
    pub fn parts(&self) -> (Vec<u8>, Vec<usize>) {
        let bytes: Vec<u8> = self.pieces.iter().flat_map(|piece| piece.0.clone()).collect();
        let mut split = self.split.clone();
        split.retain(|at| *at < bytes.len());
        split.sort_unstable();
        (bytes, split)
    }
}

impl Arbitrary for Stream {
    fn arbitrary(g: &mut Gen) -> Self {
        let count = below(g, 8);
        let mut pieces: Vec<_> = (0..count).map(|_| piece(g)).collect();
        if below(g, 2) == 0 {
            damage(g, &mut pieces);
        }
        let length: usize = pieces.iter().map(|piece| piece.0.len()).sum();
        let split = match below(g, 4) {
            0 => (0..length).collect(),
            _ => (0..below(g, 6)).map(|_| below(g, length + 1)).collect(),
        };
        Self { pieces, split }
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let stream = self.clone();
        Box::new(self.edits().into_iter().map(move |edit| stream.edited(edit)))
    }
}

/// A change that makes a stream smaller. A stream may have 70 000 of them, so each is applied only
/// when it is tried.
enum Edit {
    RemovePiece(usize),
    /// Replaces this piece with a shorter one.
    ReplacePiece(usize, Text),
    /// Removes these bytes of this piece.
    CutPiece(usize, Range<usize>),
    /// Removes these offsets of the split.
    CutSplit(Range<usize>),
    /// Replaces an offset of the split, given by its index, with another one.
    MoveSplit(usize, usize),
}

impl Stream {
    /// The largest first: quickcheck continues with the first one that fails.
    fn edits(&self) -> Vec<Edit> {
        let mut edits: Vec<_> = (0..self.pieces.len()).map(Edit::RemovePiece).collect();
        let offsets = self.split.len();
        if offsets > 1 {
            edits.extend([0..offsets, 0..offsets / 2].map(Edit::CutSplit));
        }
        edits.extend((0..offsets).map(|index| Edit::CutSplit(index..index + 1)));
        for (index, piece) in self.pieces.iter().enumerate() {
            let shorter = piece.shorter_blocks().into_iter();
            edits.extend(shorter.map(|piece| Edit::ReplacePiece(index, piece)));
        }
        let longest = self.pieces.iter().map(|piece| piece.0.len()).max().unwrap_or(0);
        for size in iter::successors(Some(longest.div_ceil(2)), |size| Some(size / 2)) {
            if size == 0 {
                break;
            }
            for (index, Text(piece)) in self.pieces.iter().enumerate() {
                let cut = |from| Edit::CutPiece(index, from..piece.len().min(from + size));
                edits.extend((0..piece.len()).step_by(size).map(cut));
            }
        }
        for (index, &at) in self.split.iter().enumerate() {
            let smaller = [at / 2, at.min(16)].into_iter().filter(|new| *new < at);
            edits.extend(smaller.map(|new| Edit::MoveSplit(index, new)));
        }
        edits
    }

    fn edited(&self, edit: Edit) -> Self {
        let mut stream = self.clone();
        match edit {
            Edit::RemovePiece(index) => drop(stream.pieces.remove(index)),
            Edit::ReplacePiece(index, piece) => stream.pieces[index] = piece,
            Edit::CutPiece(index, bytes) => drop(stream.pieces[index].0.drain(bytes)),
            Edit::CutSplit(offsets) => drop(stream.split.drain(offsets)),
            Edit::MoveSplit(index, at) => stream.split[index] = at,
        }
        stream
    }
}

fn below(g: &mut Gen, bound: usize) -> usize {
    usize::arbitrary(g) % bound
}

fn pick(g: &mut Gen, from: &[&str]) -> Vec<u8> {
    from[below(g, from.len())].as_bytes().to_vec()
}

fn piece(g: &mut Gen) -> Text {
    Text(match below(g, 10) {
        0..4 => set(g),
        4..6 => get(g),
        6..8 => reply(g),
        8 => (0..below(g, 40)).map(|_| u8::arbitrary(g)).collect(),
        _ => pick(g, &["\n", " ", "\r\n", "get", "set ", "set k 3", "abc", "\nEND\n", "\0"]),
    })
}

fn key(g: &mut Gen) -> Vec<u8> {
    match below(g, 12) {
        0 => pick(g, &["a.b", "k\u{e9}", "k\0", "\t"]),
        1 => vec![b'k'; below(g, 30)],
        _ => pick(g, &["k", "key", "a", "get", "set", "a_b-C9"]),
    }
}

fn value(g: &mut Gen) -> Vec<u8> {
    match below(g, 5) {
        0 => vec![],
        1 => vec![b'\n'; below(g, 15)],
        2 => pick(g, &["get k\n", "set k 1\nA\n", "STORED", "VALUE k 1\n", "a\r", "\n\nEND"]),
        3 => (0..below(g, 16)).map(|_| u8::arbitrary(g)).collect(),
        _ => vec![b'v'; below(g, 9000)],
    }
}

fn number(g: &mut Gen, length: usize) -> Vec<u8> {
    match below(g, 14) {
        0 => pick(g, &["", "x", "-1", "+1", "0x1", "1.", "18446744073709551616"]),
        1 => (length + 1).to_string().into_bytes(),
        2 => length.saturating_sub(1).to_string().into_bytes(),
        3 => format!("00{length}").into_bytes(),
        _ => length.to_string().into_bytes(),
    }
}

fn space(g: &mut Gen) -> Vec<u8> {
    if below(g, 10) == 0 { vec![b' '; below(g, 3)] } else { vec![b' '] }
}

fn end(g: &mut Gen) -> Vec<u8> {
    if below(g, 12) == 0 { pick(g, &["\r\n", " \n", ""]) } else { vec![b'\n'] }
}

fn set(g: &mut Gen) -> Vec<u8> {
    block(g, b"set")
}

fn block(g: &mut Gen, word: &[u8]) -> Vec<u8> {
    let value = value(g);
    let parts = [word.to_vec(), space(g), key(g), space(g), number(g, value.len())];
    [parts.concat(), end(g), value, end(g)].concat()
}

fn get(g: &mut Gen) -> Vec<u8> {
    let mut line = b"get".to_vec();
    for _ in 0..below(g, 4) {
        line.extend([space(g), key(g)].concat());
    }
    line.extend(end(g));
    line
}

fn reply(g: &mut Gen) -> Vec<u8> {
    match below(g, 3) {
        0 => block(g, b"VALUE"),
        1 => pick(g, &["STORED\n", "END\n", "ERROR\n", "CLIENT_ERROR\n", "STORED \n", "END\r\n"]),
        _ => pick(g, &["CLIENT_ERROR no\n", "SERVER_ERROR \n", "ERROR x\n", "ERRORS\n", "VALUE\n"]),
    }
}

fn damage(g: &mut Gen, pieces: &mut [Text]) {
    for _ in 0..below(g, 3) {
        let count = pieces.len();
        if count == 0 {
            return;
        }
        let piece = &mut pieces[below(g, count)].0;
        if piece.is_empty() {
            continue;
        }
        let at = below(g, piece.len());
        match below(g, 3) {
            0 => piece[at] = u8::arbitrary(g),
            1 => drop(piece.remove(at)),
            _ => piece.truncate(at),
        }
    }
}
