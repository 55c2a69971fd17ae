//! What is said to a subject, and what is expected of it: a vector, or several.

use std::ops::Range;

use crate::vectors::{Anatomy, Dialect, End, Message, Part, Pattern, Step, Vector, line_end};

/// Keys at least this long keep their length when they are renamed: lines may be as long as they
/// can be.
const LONG_KEY: usize = 64;

/// A conversation on one connection.
#[derive(Clone, Debug)]
pub(super) struct Script {
    /// All that is sent.
    pub stream: Vec<u8>,
    /// Offsets at which the client waits for every answer that is decided there.
    pub waits: Vec<usize>,
    /// The requests, in order; each has an answer.
    pub requests: Vec<Message>,
    pub expected: Expected,
    /// Whether the stream ends between two requests.
    pub clean: bool,
    /// The offset of the first byte of [`Script::probe`], if there is one.
    pub probe: Option<usize>,
}

/// What is expected: these bytes, with any text before the LF at some offsets.
#[derive(Clone, Debug, Default)]
pub(super) struct Expected {
    pub bytes: Vec<u8>,
    pub holes: Vec<usize>,
    /// Where each answer ends.
    pub answers: Vec<usize>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            stream: vec![],
            waits: vec![],
            requests: vec![],
            expected: Expected::default(),
            clean: true,
            probe: None,
        }
    }
}

impl Script {
    /// The conversation of one vector, with `prefix` before each key.
    pub fn new(dialect: &Dialect, vector: &Vector, prefix: &str) -> Self {
        let mut waits = vec![];
        let mut length = 0;
        for step in &vector.steps {
            match step {
                Step::Send(pattern) => length += length_of(pattern),
                Step::Expect(_) => waits.push(length),
            }
        }
        waits.retain(|at| *at != length);
        let stream = vector.sent();
        let anatomy = (dialect.requests)(&stream);
        let edits = Edits::new(dialect, &stream, &anatomy, prefix);
        let waits = waits.into_iter().map(|at| edits.moved(at)).collect();
        let stream = edits.apply(&stream);
        let requests = (dialect.requests)(&stream).messages;
        let expected = Expected::new(dialect, &vector.expected(), prefix);
        let clean = vector.end == End::Clean;
        Self { stream, waits, requests, expected, clean, probe: None }
    }

    /// Goes on with `next`; waits in between for all that is answered here, if `wait`, and else
    /// nowhere.
    pub fn join(&mut self, next: &Self, wait: bool) {
        let from = self.stream.len();
        if wait {
            self.waits.push(from);
            self.waits.extend(next.waits.iter().map(|at| from + at));
        } else {
            self.waits.clear();
        }
        self.stream.extend_from_slice(&next.stream);
        self.requests.extend(next.requests.iter().map(|request| Message {
            start: from + request.start,
            line_end: from + request.line_end,
            decided: from + request.decided,
            resumes: from + request.resumes,
            refused: request.refused,
        }));
        self.expected.join(&next.expected);
        self.clean = next.clean;
    }

    /// Ends with a request whose answer is known, so that what is answered too much, or is not
    /// answered at all, is seen without waiting for it.
    pub fn probe(&mut self, dialect: &Dialect, key: &str) {
        let (request, answer) = (dialect.probe)(key);
        let start = self.stream.len();
        let end = start + request.len();
        self.waits.push(start);
        self.stream.extend_from_slice(request.as_bytes());
        self.requests.push(Message {
            start,
            line_end: end - 1,
            decided: end,
            resumes: end,
            refused: false,
        });
        self.expected.bytes.extend_from_slice(answer.as_bytes());
        self.expected.answers.push(self.expected.bytes.len());
        self.probe = Some(start);
    }

    /// How many answers are decided by the first `sent` bytes.
    pub fn decided(&self, sent: usize) -> usize {
        self.requests.partition_point(|request| request.decided <= sent)
    }

    /// Whether what decides a request is missing from the first `sent` bytes, but not all of it.
    pub fn is_inside(&self, sent: usize) -> bool {
        match self.requests.get(self.decided(sent)) {
            Some(request) => request.start < sent,
            None => !self.clean,
        }
    }

    /// What lies around an offset, for people.
    pub fn place(&self, at: usize) -> &'static str {
        let inside = |request: &&Message| request.start < at && at < request.resumes;
        match self.requests.iter().find(inside) {
            None => "between two requests",
            Some(request) if at <= request.line_end => "inside a command line",
            Some(request) if at >= request.decided => "inside what a refused request skips",
            Some(request) if at == request.line_end + 1 => {
                "between a command line and its data block"
            }
            Some(request) if at + 1 == request.decided => "between a value and the LF behind it",
            Some(_) => "inside a data block",
        }
    }
}

impl Expected {
    fn new(dialect: &Dialect, pattern: &Pattern, prefix: &str) -> Self {
        let mut bytes = vec![];
        let mut holes = vec![];
        for part in pattern.parts() {
            match part {
                Part::Bytes(part) => bytes.extend_from_slice(part),
                Part::Repeat(part, times) => bytes.extend_from_slice(&part.repeat(*times)),
                Part::Text => holes.push(bytes.len()),
            }
        }
        let edits = Edits::new(dialect, &bytes, &(dialect.replies)(&bytes), prefix);
        let holes = holes.into_iter().map(|at| edits.moved(at)).collect();
        let bytes = edits.apply(&bytes);
        let replies = (dialect.replies)(&bytes).messages;
        let goes_on =
            |reply: &&Message| !(dialect.goes_on)(first_word(&bytes[reply.start..reply.line_end]));
        let answers = replies.iter().filter(goes_on).map(|reply| reply.resumes).collect();
        Self { bytes, holes, answers }
    }

    /// Whether `got` is what is expected but for items that are missing, as far as it goes.
    pub fn is_but_for_items(&self, dialect: &Dialect, got: &[u8]) -> bool {
        let mut replies = (dialect.replies)(got).messages.into_iter();
        let mut reply = replies.next();
        let mut missing = false;
        for expected in (dialect.replies)(&self.bytes).messages {
            let Some(at) = &reply else { break };
            let (range, found) = (expected.start..expected.resumes, &got[at.start..at.resumes]);
            if self.part(range).fits(found) {
                reply = replies.next();
            } else if (dialect.goes_on)(first_word(&self.bytes[expected.start..expected.line_end]))
            {
                missing = true;
            } else {
                return false;
            }
        }
        missing && reply.is_none()
    }

    fn part(&self, range: Range<usize>) -> Self {
        let holes = self.holes.iter().filter(|hole| range.contains(hole));
        let holes = holes.map(|hole| hole - range.start).collect();
        Self { bytes: self.bytes[range].to_vec(), holes, answers: vec![] }
    }

    fn fits(&self, bytes: &[u8]) -> bool {
        let mut matcher = Matcher::new(self);
        matcher.feed(bytes);
        !matcher.differs && matcher.at == self.bytes.len() && matcher.fits == bytes.len()
    }

    fn join(&mut self, next: &Self) {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(&next.bytes);
        self.holes.extend(next.holes.iter().map(|at| from + at));
        self.answers.extend(next.answers.iter().map(|at| from + at));
    }

    /// Where the first so many answers end.
    pub fn end_of(&self, answers: usize) -> usize {
        answers
            .checked_sub(1)
            .map_or(0, |last| self.answers.get(last).copied().unwrap_or(self.bytes.len()))
    }

    /// As people read it: any text is `{text}`.
    pub fn pieces(&self, range: Range<usize>) -> Vec<Result<&[u8], &'static str>> {
        let mut pieces = vec![];
        let mut from = range.start;
        for hole in self.holes.iter().filter(|hole| range.contains(hole)) {
            pieces.push(Ok(&self.bytes[from..*hole]));
            pieces.push(Err("{text}"));
            from = *hole;
        }
        pieces.push(Ok(&self.bytes[from..range.end]));
        pieces
    }
}

fn length_of(pattern: &Pattern) -> usize {
    let mut bytes = vec![];
    pattern.expand(&mut bytes);
    bytes.len()
}

/// Where a stream's keys are to be changed.
struct Edits<'p> {
    prefix: &'p str,
    /// Offsets of keys, and whether they grow.
    keys: Vec<(usize, bool)>,
}

impl<'p> Edits<'p> {
    fn new(dialect: &Dialect, stream: &[u8], anatomy: &Anatomy, prefix: &'p str) -> Self {
        let mut keys = vec![];
        if prefix.is_empty() {
            return Self { prefix, keys };
        }
        let lines = anatomy.messages.iter().map(|message| (message.start, message.line_end));
        let last = anatomy.messages.last().map(|message| message.start);
        let rest =
            (last != Some(anatomy.rest)).then(|| (anatomy.rest, line_end(stream, anatomy.rest)));
        for (start, end) in lines.chain(rest) {
            let mut words = words(&stream[start..end]);
            let Some(verb) = words.next() else { continue };
            let which = (dialect.keys)(&stream[start + verb.start..start + verb.end]);
            for (index, word) in words.enumerate() {
                if which.contains(&(index + 1)) {
                    keys.push((start + word.start, word.len() < LONG_KEY));
                }
            }
        }
        Self { prefix, keys }
    }

    fn moved(&self, offset: usize) -> usize {
        let grown = self.keys.iter().filter(|(at, grows)| *grows && *at < offset).count();
        offset + grown * self.prefix.len()
    }

    fn apply(&self, stream: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(stream.len() + self.keys.len() * self.prefix.len());
        let mut from = 0;
        for (at, grows) in &self.keys {
            out.extend_from_slice(&stream[from..*at]);
            out.extend_from_slice(self.prefix.as_bytes());
            from = if *grows { *at } else { at + self.prefix.len() };
        }
        out.extend_from_slice(&stream[from..]);
        out
    }
}

fn first_word(line: &[u8]) -> &[u8] {
    line.split(|byte| *byte == b' ').next().unwrap_or_default()
}

/// The ranges of what stands between spaces.
fn words(line: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    line.split(|byte| *byte == b' ').filter_map(move |word| {
        let start = at;
        at += word.len() + 1;
        (!word.is_empty()).then_some(start..start + word.len())
    })
}

/// Compares what arrives with what is expected, chunk by chunk.
#[derive(Clone, Debug)]
pub(super) struct Matcher<'e> {
    expected: &'e Expected,
    /// So much of what is expected has arrived.
    pub at: usize,
    hole: usize,
    /// So much has arrived that fits.
    pub fits: usize,
    /// Whether what arrived behind that does not.
    pub differs: bool,
}

impl<'e> Matcher<'e> {
    pub fn new(expected: &'e Expected) -> Self {
        Self { expected, at: 0, hole: 0, fits: 0, differs: false }
    }

    pub fn feed(&mut self, mut bytes: &[u8]) {
        let Expected { bytes: all, holes, .. } = self.expected;
        while !bytes.is_empty() && !self.differs {
            let hole = holes.get(self.hole).copied();
            if hole == Some(self.at) {
                let text = bytes.iter().take_while(|byte| **byte != b'\n').count();
                bytes = &bytes[text..];
                self.fits += text;
                if !bytes.is_empty() {
                    self.hole += 1;
                }
                continue;
            }
            let wanted = &all[self.at..hole.unwrap_or(all.len())];
            let same = wanted.iter().zip(bytes).take_while(|(wanted, got)| wanted == got).count();
            self.at += same;
            self.fits += same;
            bytes = &bytes[same..];
            self.differs = !bytes.is_empty() && (same < wanted.len() || wanted.is_empty());
        }
    }

    /// How many answers are whole.
    pub fn answered(&self) -> usize {
        self.expected.answers.partition_point(|end| *end <= self.at)
    }
}
