//! What is sent on one connection, and what is expected: a vector, or several.

mod expected;
mod matcher;
mod missing;
mod place;
mod placeholder;
mod rename;

use std::{ops::Range, time::Duration};

use crate::{
    dialect::Dialect,
    framing::Message,
    vectors::{Captures, End, Step, Vector},
};
use placeholder::{Capture, Placeholder, lay_out, moved};
use rename::KeyEdits;

pub use expected::{Expected, Piece};
pub use matcher::Matcher;
pub use place::Place;

/// What is sent on one connection, and what is expected.
#[derive(Clone, Debug)]
pub struct Script {
    /// All that is sent; at the placeholders, a digit stands for a captured value.
    pub stream: Vec<u8>,
    pub placeholders: Vec<Placeholder>,
    /// Offsets at which the client waits for every answer that is decided there.
    pub waits: Vec<usize>,
    /// Some of them, at which time passes after these answers.
    pub sleeps: Vec<(usize, Duration)>,
    /// The requests, in order; each that is not silent has an answer.
    pub requests: Vec<Message>,
    pub expected: Expected,
    /// Whether the stream ends between two requests, and the connection is still open there.
    pub clean: bool,
    /// Whether the target closes the connection after the last answer.
    pub closes: bool,
    /// Whether it changes the items of other clients of the target.
    pub disturbs: bool,
    /// The offset of the first byte of the probe (see [`Script::add_probe`]), if there is one.
    pub probe: Option<usize>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            stream: vec![],
            placeholders: vec![],
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
    /// The script of one vector, with `prefix` before each key.
    pub fn new(dialect: &Dialect, vector: &Vector, prefix: &str) -> Self {
        let (mut stream, mut placeholders) = (vec![], vec![]);
        let (mut waits, mut sleeps) = (vec![], vec![]);
        for step in &vector.steps {
            match step {
                Step::Send(pattern) => lay_out(pattern, prefix, &mut stream, &mut placeholders),
                Step::Expect(_) => waits.push(stream.len()),
                Step::Wait(seconds) => {
                    sleeps.push((stream.len(), Duration::from_secs(u64::from(*seconds))));
                }
            }
        }
        waits.retain(|at| *at != stream.len());
        let framing = (dialect.requests)(&stream);
        let edits = KeyEdits::new(dialect, &stream, &framing, prefix);
        edits.move_all(&mut placeholders);
        let stream = edits.apply(&stream);
        let requests = (dialect.requests)(&stream).messages;
        let closes = requests.iter().any(|request| request.closes);
        let is_disturbing = |name: &String| dialect.disturbs == Some(name.as_str());
        Self {
            stream,
            placeholders,
            waits: waits.into_iter().map(|at| edits.moved(at)).collect(),
            sleeps: sleeps.into_iter().map(|(at, time)| (edits.moved(at), time)).collect(),
            requests,
            expected: Expected::new(dialect, &vector.expected(), prefix),
            clean: vector.end == End::Clean && !closes,
            closes,
            disturbs: vector.requires.iter().any(is_disturbing),
            probe: None,
        }
    }

    /// Appends `next`; between the two it waits for every answer of this script, if `wait`, and
    /// otherwise nowhere.
    pub fn join(&mut self, next: &Self, wait: bool) {
        let from = self.stream.len();
        if wait {
            self.waits.push(from);
            self.waits.extend(next.waits.iter().map(|at| from + at));
        } else {
            self.waits.clear();
        }
        self.stream.extend_from_slice(&next.stream);
        self.placeholders.extend(moved(&next.placeholders, from));
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

    /// Appends a request whose reply is known, so that an extra reply, and a missing one,
    /// are seen without waiting for them.
    pub fn add_probe(&mut self, dialect: &Dialect, key: &str) {
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
            rejected: false,
            silent: false,
            closes: false,
        });
        self.expected.bytes.extend_from_slice(answer.as_bytes());
        self.expected.answers.push(self.expected.bytes.len());
        self.probe = Some(start);
    }

    /// What is sent before the probe.
    pub fn before_probe(&self) -> &[u8] {
        &self.stream[..self.probe.unwrap_or(self.stream.len())]
    }

    /// Where the stream is split at `cuts`, and where time passes.
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

    /// How many answers are decided by the first `sent` bytes.
    pub fn decided(&self, sent: usize) -> usize {
        let decided = self.requests.iter().take_while(|request| request.decided <= sent);
        decided.filter(|request| !request.silent).count()
    }

    /// Whether the first `sent` bytes end inside what decides a request.
    pub fn is_inside(&self, sent: usize) -> bool {
        match self.requests.iter().find(|request| request.decided > sent) {
            Some(request) => request.start < sent,
            None => !self.clean,
        }
    }

    /// What is at an offset.
    pub fn place(&self, at: usize) -> Place {
        Place::of(&self.requests, at)
    }

    /// A part of the stream as it is sent.
    pub fn fill(&self, range: Range<usize>, captures: &Captures) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(range.len());
        let mut from = range.start;
        let inside = |placeholder: &&Placeholder| range.contains(&placeholder.at);
        for Placeholder { at, capture } in self.placeholders.iter().filter(inside) {
            let Capture::Same(name) = capture else { continue };
            let Some(known) = captures.get(name) else { continue };
            bytes.extend_from_slice(&self.stream[from..*at]);
            bytes.extend_from_slice(known);
            from = at + capture.width();
        }
        bytes.extend_from_slice(&self.stream[from..range.end]);
        bytes
    }
}
