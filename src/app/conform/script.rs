//! What is said to a subject, and what is expected of it: a vector, or several.

use std::{ops::Range, time::Duration};

use crate::vectors::{
    Anatomy, Dialect, End, Message, Part, Pattern, Remembered, Step, Vector, line_end,
};

/// Keys at least this long keep their length when they are renamed: they may be as long as they
/// can be.
const LONG_KEY: usize = 64;

/// Lines at least this long keep theirs, if their keys leave room for it.
const LONG_LINE: usize = 65_536;

/// A conversation on one connection.
#[derive(Clone, Debug)]
pub(super) struct Script {
    /// All that is sent; at the blanks, a digit stands for what is received before.
    pub stream: Vec<u8>,
    pub blanks: Vec<Hole>,
    /// Offsets at which the client waits for every answer that is decided there.
    pub waits: Vec<usize>,
    /// Some of them, at which time passes behind these answers.
    pub sleeps: Vec<(usize, Duration)>,
    /// The requests, in order; each that is not silent has an answer.
    pub requests: Vec<Message>,
    pub expected: Expected,
    /// Whether the stream ends between two requests, and the connection is still open there.
    pub clean: bool,
    /// Whether the subject closes the connection behind what is answered.
    pub closes: bool,
    /// Whether others would find something else if they talked to the subject meanwhile.
    pub disturbs: bool,
    /// The offset of the first byte of [`Script::probe`], if there is one.
    pub probe: Option<usize>,
}

/// A place where not only one thing can stand.
#[derive(Clone, Debug)]
pub(super) struct Hole {
    pub at: usize,
    pub what: Blank,
}

#[derive(Clone, Debug)]
pub(super) enum Blank {
    /// Any text before the line's end.
    Text,
    /// A number, for which a digit stands; it is remembered by this name.
    Number(String),
    /// What was remembered, for which a digit stands.
    Same(String),
}

impl Blank {
    fn shown(&self) -> &'static str {
        match self {
            Self::Text => "{text}",
            Self::Number(_) => "{number}",
            Self::Same(_) => "{same}",
        }
    }

    /// So many bytes stand for it.
    fn width(&self) -> usize {
        match self {
            Self::Text => 0,
            Self::Number(_) | Self::Same(_) => 1,
        }
    }
}

/// What is expected: these bytes, but for the holes.
#[derive(Clone, Debug, Default)]
pub(super) struct Expected {
    pub bytes: Vec<u8>,
    pub holes: Vec<Hole>,
    /// Where each answer ends.
    pub answers: Vec<usize>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            stream: vec![],
            blanks: vec![],
            waits: vec![],
            sleeps: vec![],
            requests: vec![],
            expected: Expected::default(),
            clean: true,
            closes: false,
            disturbs: false,
            probe: None,
        }
    }
}

impl Script {
    /// The conversation of one vector, with `prefix` before each key.
    pub fn new(dialect: &Dialect, vector: &Vector, prefix: &str) -> Self {
        let (mut stream, mut blanks) = (vec![], vec![]);
        let (mut waits, mut sleeps) = (vec![], vec![]);
        for step in &vector.steps {
            match step {
                Step::Send(pattern) => lay_out(pattern, prefix, &mut stream, &mut blanks),
                Step::Expect(_) => waits.push(stream.len()),
                Step::Wait(seconds) => {
                    sleeps.push((stream.len(), Duration::from_secs(u64::from(*seconds))));
                }
            }
        }
        waits.retain(|at| *at != stream.len());
        let anatomy = (dialect.requests)(&stream);
        let edits = Edits::new(dialect, &stream, &anatomy, prefix);
        let waits = waits.into_iter().map(|at| edits.moved(at)).collect();
        let sleeps = sleeps.into_iter().map(|(at, time)| (edits.moved(at), time)).collect();
        edits.move_all(&mut blanks);
        let stream = edits.apply(&stream);
        let requests = (dialect.requests)(&stream).messages;
        let expected = Expected::new(dialect, &vector.expected(), prefix);
        let closes = requests.iter().any(|request| request.closes);
        let clean = vector.end == End::Clean && !closes;
        let is_disturbing = |name: &String| dialect.disturbs == Some(name.as_str());
        let disturbs = vector.requires.iter().any(is_disturbing);
        let probe = None;
        Self { stream, blanks, waits, sleeps, requests, expected, clean, closes, disturbs, probe }
    }

    /// Cuts, and where time passes.
    pub fn breaks(&self, cuts: &[usize]) -> Vec<usize> {
        let mut breaks: Vec<usize> =
            cuts.iter().copied().chain(self.sleeps.iter().map(|(at, _)| *at)).collect();
        breaks.sort_unstable();
        breaks.dedup();
        breaks
    }

    /// The time that passes at this offset, if any.
    pub fn sleep_at(&self, offset: usize) -> Option<Duration> {
        self.sleeps.iter().find(|(at, _)| *at == offset).map(|(_, time)| *time)
    }

    /// How many of the requests are answered.
    pub fn answers(&self) -> usize {
        self.requests.iter().filter(|request| !request.silent).count()
    }

    /// A part of the stream as it is sent.
    pub fn fill(&self, range: Range<usize>, remembered: &Remembered) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(range.len());
        let mut from = range.start;
        for Hole { at, what } in self.blanks.iter().filter(|blank| range.contains(&blank.at)) {
            let Blank::Same(name) = what else { continue };
            let Some(known) = remembered.get(name) else { continue };
            bytes.extend_from_slice(&self.stream[from..*at]);
            bytes.extend_from_slice(known);
            from = at + what.width();
        }
        bytes.extend_from_slice(&self.stream[from..range.end]);
        bytes
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
        self.blanks.extend(moved(&next.blanks, from));
        self.disturbs |= next.disturbs;
        self.closes |= next.closes;
        self.requests.extend(next.requests.iter().map(|request| Message {
            start: from + request.start,
            line_end: from + request.line_end,
            decided: from + request.decided,
            resumes: from + request.resumes,
            ..*request
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
            silent: false,
            closes: false,
        });
        self.expected.bytes.extend_from_slice(answer.as_bytes());
        self.expected.answers.push(self.expected.bytes.len());
        self.probe = Some(start);
    }

    /// How many answers are decided by the first `sent` bytes.
    pub fn decided(&self, sent: usize) -> usize {
        let decided = self.requests.iter().take_while(|request| request.decided <= sent);
        decided.filter(|request| !request.silent).count()
    }

    /// Whether what decides a request is missing from the first `sent` bytes, but not all of it.
    pub fn is_inside(&self, sent: usize) -> bool {
        match self.requests.iter().find(|request| request.decided > sent) {
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
        let (mut bytes, mut holes) = (vec![], vec![]);
        lay_out(pattern, prefix, &mut bytes, &mut holes);
        let edits = Edits::new(dialect, &bytes, &(dialect.replies)(&bytes), prefix);
        edits.move_all(&mut holes);
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
        let holes = self.holes.iter().filter(|hole| range.contains(&hole.at));
        let holes = holes.map(|hole| {
            let what = match &hole.what {
                Blank::Text => Blank::Text,
                // It is not known here what was remembered.
                Blank::Number(name) | Blank::Same(name) => Blank::Number(name.clone()),
            };
            Hole { at: hole.at - range.start, what }
        });
        let holes = holes.collect();
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
        self.holes.extend(moved(&next.holes, from));
        self.answers.extend(next.answers.iter().map(|at| from + at));
    }

    /// Where the first so many answers end.
    pub fn end_of(&self, answers: usize) -> usize {
        answers
            .checked_sub(1)
            .map_or(0, |last| self.answers.get(last).copied().unwrap_or(self.bytes.len()))
    }

    /// As people read it: any text is `{text}`, and so on.
    pub fn pieces(&self, range: Range<usize>) -> Vec<Result<&[u8], &'static str>> {
        let mut pieces = vec![];
        let mut from = range.start;
        for Hole { at, what } in self.holes.iter().filter(|hole| range.contains(&hole.at)) {
            pieces.push(Ok(&self.bytes[from..*at]));
            pieces.push(Err(what.shown()));
            from = at + what.width();
        }
        pieces.push(Ok(&self.bytes[from..range.end]));
        pieces
    }
}

/// Appends a pattern, in which numbers are remembered by names that begin with `prefix`.
fn lay_out(pattern: &Pattern, prefix: &str, bytes: &mut Vec<u8>, holes: &mut Vec<Hole>) {
    for part in pattern.parts() {
        let what = match part {
            Part::Bytes(part) => {
                bytes.extend_from_slice(part);
                continue;
            }
            Part::Repeat(part, times) => {
                bytes.extend_from_slice(&part.repeat(*times));
                continue;
            }
            Part::Text => Blank::Text,
            Part::Number(name) => Blank::Number(format!("{prefix}{name}")),
            Part::Same(name) => Blank::Same(format!("{prefix}{name}")),
        };
        let at = bytes.len();
        bytes.extend(b"1".repeat(what.width()));
        holes.push(Hole { at, what });
    }
}

fn moved(holes: &[Hole], by: usize) -> impl Iterator<Item = Hole> {
    holes.iter().map(move |hole| Hole { at: by + hole.at, what: hole.what.clone() })
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
            let line = &stream[start..end];
            let newline = dialect.newline.trim_end_matches('\n').as_bytes();
            let mut words = words(line.strip_suffix(newline).unwrap_or(line));
            let longest = if line.len() < LONG_LINE { LONG_KEY } else { 2 * prefix.len() };
            let Some(verb) = words.next() else { continue };
            let which = (dialect.keys)(&stream[start + verb.start..start + verb.end]);
            for (index, word) in words.enumerate() {
                if which.contains(&(index + 1)) {
                    keys.push((start + word.start, word.len() < longest));
                }
            }
        }
        Self { prefix, keys }
    }

    fn moved(&self, offset: usize) -> usize {
        let grown = self.keys.iter().filter(|(at, grows)| *grows && *at < offset).count();
        offset + grown * self.prefix.len()
    }

    fn move_all(&self, holes: &mut [Hole]) {
        for hole in holes {
            hole.at = self.moved(hole.at);
        }
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
    /// What arrived of the number that stands in the hole.
    number: Vec<u8>,
    pub remembered: Remembered,
    /// So much has arrived that fits.
    pub fits: usize,
    /// Whether what arrived behind that does not.
    pub differs: bool,
}

impl<'e> Matcher<'e> {
    pub fn new(expected: &'e Expected) -> Self {
        let remembered = Remembered::new();
        Self { expected, at: 0, hole: 0, number: vec![], remembered, fits: 0, differs: false }
    }

    pub fn feed(&mut self, mut bytes: &[u8]) {
        let Expected { bytes: all, holes, .. } = self.expected;
        while !bytes.is_empty() && !self.differs {
            let hole = holes.get(self.hole);
            if let Some(hole) = hole.filter(|hole| hole.at == self.at) {
                self.fill(&hole.what, &mut bytes);
                continue;
            }
            let wanted = &all[self.at..hole.map_or(all.len(), |hole| hole.at)];
            let same = wanted.iter().zip(bytes).take_while(|(wanted, got)| wanted == got).count();
            self.at += same;
            self.fits += same;
            bytes = &bytes[same..];
            self.differs = !bytes.is_empty() && (same < wanted.len() || wanted.is_empty());
        }
    }

    /// Takes what stands in a hole.
    fn fill(&mut self, what: &Blank, bytes: &mut &[u8]) {
        let length = match what {
            Blank::Text => bytes.iter().take_while(|byte| !b"\r\n".contains(byte)).count(),
            Blank::Number(_) => bytes.iter().take_while(|byte| byte.is_ascii_digit()).count(),
            Blank::Same(name) => {
                let known = self.remembered.get(name).map_or(&b""[..], Vec::as_slice);
                let rest = &known[self.number.len()..];
                rest.iter().zip(*bytes).take_while(|(known, byte)| known == byte).count()
            }
        };
        let (part, rest) = bytes.split_at(length);
        *bytes = rest;
        self.fits += length;
        let is_whole = match what {
            Blank::Text => !rest.is_empty(),
            Blank::Number(_) => {
                self.number.extend_from_slice(part);
                self.differs = self.number.is_empty();
                !rest.is_empty()
            }
            Blank::Same(name) => {
                self.number.extend_from_slice(part);
                let is_whole = self.remembered.get(name) == Some(&self.number);
                self.differs = !is_whole && !rest.is_empty();
                is_whole
            }
        };
        if is_whole && !self.differs {
            let number = std::mem::take(&mut self.number);
            if let Blank::Number(name) = what {
                self.remembered.insert(name.clone(), number);
            }
            self.hole += 1;
            self.at += what.width();
        }
    }

    /// How many answers are whole.
    pub fn answered(&self) -> usize {
        self.expected.answers.partition_point(|end| *end <= self.at)
    }
}
