//! One connection: a batch of requests, and what has come of it.

use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    mem,
    ops::Range,
    time::{Duration, Instant},
};

use super::{
    client::{Answer, Client},
    draws::{Asked, Draws},
    items::Items,
    stream::Stream,
    tally::{Fault, Kind, Tally, shown},
};
use crate::{Limits, Machine, Step};

/// A batch that fills is no longer than this, but for its last value.
const FILL_BYTES: usize = 65_536;

/// So many requests are in a batch that fills.
const FILL_BATCH: usize = 64;

/// So many bytes of a request or reply are shown.
const SHOWN: usize = 200;

/// So many are kept of a reply that has not come whole.
const KEPT: usize = SHOWN + 1;

/// What is asked in a phase of the run.
#[derive(Clone, Copy)]
pub(super) enum Task {
    /// Every key is set once.
    Fill,
    /// Batches of so many requests, with so many keys in each get.
    Mix { pipeline: usize, keys_per_get: u32 },
}

pub(super) struct Connection<C: Client> {
    stream: Stream,
    machine: Machine<C>,
    draws: Draws,
    /// How many requests there are left to ask in this phase.
    left: u64,
    /// The next key to fill.
    unfilled: u32,
    batch: Batch,
    /// What is encoded and not sent.
    unsent: Vec<u8>,
    /// When the batch began to be sent.
    since: Instant,
    /// The first bytes of a reply that has not come whole.
    begun: Vec<u8>,
}

impl<C: Client> Connection<C> {
    pub(super) fn new(stream: Stream, draws: Draws) -> Self {
        // As large as is announced: nothing is reserved for it.
        let limits = Limits { value: u32::MAX as usize, ..Limits::DEFAULT.of_replies() };
        Self {
            stream,
            machine: Machine::new(limits),
            draws,
            left: 0,
            unfilled: 0,
            batch: Batch::default(),
            unsent: vec![],
            since: Instant::now(),
            begun: vec![],
        }
    }

    pub(super) fn stream(&mut self) -> &mut Stream {
        &mut self.stream
    }

    /// How much it is to ask in the next phase; `first` is the first key to fill.
    pub(super) fn prepare(&mut self, requests: u64, first: u32) {
        self.left = requests;
        self.unfilled = first;
    }

    /// Whether something is still to be sent or to come.
    pub(super) fn is_busy(&self) -> bool {
        !self.unsent.is_empty() || !self.batch.is_answered()
    }

    pub(super) fn is_late(&self, now: Instant, timeout: Duration) -> bool {
        self.is_busy() && now.saturating_duration_since(self.since) > timeout
    }

    /// Asks the next batch, in one write if the system takes it; nothing, if nothing is left.
    pub(super) fn ask(
        &mut self,
        task: Task,
        items: &Items,
        out: &mut Vec<u8>,
        tally: &mut Tally,
    ) -> Result<(), Fault> {
        out.clear();
        self.batch.clear();
        let (most, bytes) = match task {
            Task::Fill => (FILL_BATCH, FILL_BYTES),
            Task::Mix { pipeline, .. } => (pipeline, usize::MAX),
        };
        while self.left > 0 && self.batch.asked.len() < most && out.len() < bytes {
            self.left -= 1;
            let first = self.batch.keys.len();
            let asked = match task {
                Task::Fill => {
                    self.unfilled += 1;
                    self.draws.set(self.unfilled - 1)
                }
                Task::Mix { keys_per_get, .. } if self.draws.is_get() => {
                    let draws = &mut self.draws;
                    self.batch.keys.extend((0..keys_per_get).map(|_| draws.key()));
                    Asked::Get { keys: keys_per_get }
                }
                Task::Mix { .. } => {
                    let key = self.draws.key();
                    self.draws.set(key)
                }
            };
            C::put(asked, &self.batch.keys[first..], items, out);
            match asked {
                Asked::Get { .. } => tally.gets += 1,
                Asked::Set { .. } => tally.sets += 1,
            }
            self.batch.push(asked);
        }
        self.since = Instant::now();
        let sent = self.write(out, tally).map_err(|error| self.failed(&error, items))?;
        self.unsent.extend_from_slice(&out[sent..]);
        Ok(())
    }

    /// Goes on with sending, and takes what has come; up to the stream's end, if that has.
    pub(super) fn go_on(
        &mut self,
        has_ended: bool,
        chunk: &mut [u8],
        items: &Items,
        tally: &mut Tally,
    ) -> Result<(), Fault> {
        if !self.unsent.is_empty() {
            let mut unsent = mem::take(&mut self.unsent);
            let sent = self.write(&unsent, tally).map_err(|error| self.failed(&error, items))?;
            unsent.drain(..sent);
            self.unsent = unsent;
        }
        loop {
            match self.stream.read(chunk) {
                Ok(0) if self.is_busy() => {
                    return Err(self.fault(Kind::Lost, "the server closed the connection", items));
                }
                Ok(0) => return Ok(()),
                Ok(length) => {
                    let now = Instant::now();
                    tally.bytes_received += length as u64;
                    self.take(&chunk[..length], now, items, tally)?;
                    // What comes later is told by an event of its own.
                    if length < chunk.len() && !has_ended {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(&error, items)),
            }
        }
    }

    /// Writes as much as the system takes.
    fn write(&mut self, bytes: &[u8], tally: &mut Tally) -> io::Result<usize> {
        let mut sent = 0;
        while sent < bytes.len() {
            match self.stream.write(&bytes[sent..]) {
                Ok(length) => sent += length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        tally.bytes_sent += sent as u64;
        Ok(sent)
    }

    /// Checks what has come.
    fn take(
        &mut self,
        chunk: &[u8],
        now: Instant,
        items: &Items,
        tally: &mut Tally,
    ) -> Result<(), Fault> {
        let mut rest = chunk;
        let mut start = 0;
        let before = tally.replies;
        let wrong = loop {
            let verdict = match self.machine.step(&mut rest) {
                Step::NeedMore => break None,
                Step::Refuse(bad) => Verdict::Wrong(bad.to_string()),
                Step::Dispatch(reply) => self.batch.check(C::answer(reply), items, tally),
            };
            let end = chunk.len() - rest.len();
            match verdict {
                Verdict::Right => self.begun.clear(),
                Verdict::Refused => {
                    self.keep(&chunk[start..end]);
                    tally.tell(self.fault(Kind::Refused, "the server could not do it", items));
                    self.begun.clear();
                    self.batch.advance();
                }
                Verdict::Wrong(what) => {
                    self.keep(&chunk[start..end]);
                    break Some(what);
                }
            }
            start = end;
        };
        if tally.replies > before {
            let took = u64::try_from((now - self.since).as_nanos()).unwrap_or(u64::MAX);
            tally.latency.saturating_record_n(took, tally.replies - before);
        }
        if let Some(what) = wrong {
            return Err(self.fault(Kind::Wrong, &what, items));
        }
        self.keep(&chunk[start..]);
        if self.batch.is_answered() && !self.begun.is_empty() {
            return Err(self.fault(Kind::Wrong, EXTRA, items));
        }
        Ok(())
    }

    fn keep(&mut self, part: &[u8]) {
        self.begun.extend_from_slice(&part[..part.len().min(KEPT - self.begun.len())]);
    }

    /// How many requests got no right reply.
    pub(super) fn unanswered(&self) -> u64 {
        (self.batch.asked.len() - self.batch.answered) as u64
    }

    /// What is told, with the request that is to be answered next and what came for it.
    pub(super) fn fault(&self, kind: Kind, what: &str, items: &Items) -> Fault {
        let mut request = vec![];
        // Extra bytes are told with the last request.
        if let Some(last) = self.batch.asked.len().checked_sub(1) {
            let (asked, keys) = self.batch.asked_at(self.batch.answered.min(last));
            C::put(asked, keys, items, &mut request);
        }
        let line = request.iter().position(|byte| *byte == b'\n').map_or(0, |lf| lf + 1);
        Fault {
            kind,
            what: what.to_owned(),
            request: shown(&request, line.min(SHOWN)),
            reply: shown(&self.begun, SHOWN),
        }
    }

    fn failed(&self, error: &io::Error, items: &Items) -> Fault {
        self.fault(Kind::Lost, &format!("the connection failed: {error}"), items)
    }
}

const EXTRA: &str = "more came than what answers the requests";

/// Requests that are sent together, and how far they are answered.
#[derive(Default)]
struct Batch {
    asked: Vec<Asked>,
    /// The keys of all gets.
    keys: Vec<u32>,
    /// So many requests are answered.
    answered: usize,
    /// The keys, from `keys` on, that may still come in answer to the next request.
    due: Range<usize>,
}

enum Verdict {
    Right,
    /// The server told that it could not do it.
    Refused,
    Wrong(String),
}

impl Batch {
    fn clear(&mut self) {
        self.asked.clear();
        self.keys.clear();
        self.answered = 0;
        self.due = 0..0;
    }

    fn is_answered(&self) -> bool {
        self.answered == self.asked.len()
    }

    /// Puts a request behind the others, of which `keys` stand in `self.keys` already.
    fn push(&mut self, asked: Asked) {
        self.asked.push(asked);
        if self.asked.len() == 1 {
            self.due = 0..asked.keys();
        }
    }

    /// The request is answered.
    fn advance(&mut self) {
        self.answered += 1;
        let keys = self.asked.get(self.answered).map_or(0, |asked| asked.keys());
        self.due = self.due.end..self.due.end + keys;
    }

    /// A request, and its keys.
    fn asked_at(&self, index: usize) -> (Asked, &[u32]) {
        let before: usize = self.asked[..index].iter().map(|asked| asked.keys()).sum();
        let asked = self.asked[index];
        (asked, &self.keys[before..before + asked.keys()])
    }

    #[inline]
    fn check(&mut self, answer: Answer<'_>, items: &Items, tally: &mut Tally) -> Verdict {
        let wrong = |what: &str| Verdict::Wrong(what.to_owned());
        let Some(asked) = self.asked.get(self.answered) else { return wrong(EXTRA) };
        match (asked, answer) {
            (Asked::Set { .. }, Answer::Stored) => {
                tally.replies += 1;
                self.advance();
            }
            (Asked::Get { .. }, Answer::Value(key, value)) => {
                let mut due = self.keys[self.due.clone()].iter();
                // In the order of the request; those that hold nothing are left out.
                let found = items.number(key);
                let found =
                    found.and_then(|number| Some((number, due.position(|k| *k == number)?)));
                let Some((number, misses)) = found else {
                    return wrong("this key was not asked for, or not here");
                };
                if !items.may_hold(number, &value) {
                    let place = items.first_difference(number, &value).unwrap_or(0);
                    let what = "the value is none that was stored under this key";
                    return Verdict::Wrong(format!("{what}: byte {place} is another"));
                }
                self.due.start += misses + 1;
                tally.misses += misses as u64;
                tally.hits += 1;
            }
            (Asked::Get { .. }, Answer::End) => {
                tally.misses += self.due.len() as u64;
                tally.replies += 1;
                self.advance();
            }
            (_, Answer::Refused) => return Verdict::Refused,
            (_, Answer::Stored | Answer::Value(..) | Answer::End | Answer::Other) => {
                return wrong("this does not answer the request");
            }
        }
        Verdict::Right
    }
}
