//! One connection: sends a batch, and checks what comes back.

use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    mem,
    time::{Duration, Instant},
};

use memwire::{Limits, Machine, Step};

use super::{
    batch::{Batch, EXTRA, Verdict},
    client::Client,
    dataset::Dataset,
    encoder::Encoder,
    phase::Task,
    stats::{Fault, FaultKind, Stats, excerpt},
    stream::Stream,
    workload::{PlannedRequest, Workload},
};

/// A batch of `--fill` has at most this many bytes, not counting its last value, and …
const FILL_BYTES: usize = 65_536;

/// … at most this many requests.
const FILL_BATCH: usize = 64;

/// How many bytes of a request or a reply are reported.
const EXCERPT: usize = 200;

/// How many are kept of an incomplete reply: one more, so that the truncation is visible.
const KEPT: usize = EXCERPT + 1;

pub struct Connection<C: Client> {
    stream: Stream,
    machine: Machine<C>,
    workload: Workload,
    /// How many requests there are left to send in this phase.
    remaining: u64,
    /// The next key to fill.
    next_fill: u32,
    batch: Batch,
    /// The part of the batch that is not sent.
    unsent: Vec<u8>,
    /// When the batch began to be sent.
    sent_at: Instant,
    /// The first bytes of an incomplete reply.
    partial: Vec<u8>,
}

impl<C: Client> Connection<C> {
    pub fn new(stream: Stream, workload: Workload) -> Self {
        // Values of any declared length: it never causes an allocation.
        let limits = Limits::DEFAULT.for_replies().with_value(u32::MAX as usize);
        Self {
            stream,
            machine: Machine::new(limits),
            workload,
            remaining: 0,
            next_fill: 0,
            batch: Batch::default(),
            unsent: vec![],
            sent_at: Instant::now(),
            partial: vec![],
        }
    }

    pub fn stream(&mut self) -> &mut Stream {
        &mut self.stream
    }

    /// Sets how many requests it sends in the next phase; `first` is the first key to fill.
    pub fn prepare(&mut self, requests: u64, first: u32) {
        self.remaining = requests;
        self.next_fill = first;
    }

    /// Whether something is still to be sent or to be answered.
    pub fn is_busy(&self) -> bool {
        !self.unsent.is_empty() || !self.batch.is_answered()
    }

    /// Whether the replies to the batch take longer than the timeout.
    pub fn is_late(&self, now: Instant, timeout: Duration) -> bool {
        self.is_busy() && now.saturating_duration_since(self.sent_at) > timeout
    }

    /// How many requests got no right reply.
    pub fn pending(&self) -> u64 {
        self.batch.pending() as u64
    }

    /// Sends the next batch, in one write if the system takes it; nothing, if nothing is left.
    ///
    /// # Errors
    ///
    /// The connection failed.
    pub fn send_batch(
        &mut self,
        task: Task,
        dataset: &Dataset,
        encoder: &mut Encoder,
        stats: &mut Stats,
    ) -> Result<(), Fault> {
        encoder.clear();
        self.batch.clear();
        let (requests, bytes) = match task {
            Task::Fill => (FILL_BATCH, FILL_BYTES),
            Task::Mix { pipeline, .. } => (pipeline, usize::MAX),
        };
        while self.remaining > 0 && self.batch.len() < requests && encoder.as_bytes().len() < bytes
        {
            self.remaining -= 1;
            let (request, keys) = match task {
                Task::Fill => {
                    self.next_fill += 1;
                    (self.workload.set(self.next_fill - 1), 0)
                }
                Task::Mix { keys_per_get, .. } if self.workload.is_get() => {
                    (PlannedRequest::Get { keys: keys_per_get }, keys_per_get)
                }
                Task::Mix { .. } => {
                    let key = self.workload.key();
                    (self.workload.set(key), 0)
                }
            };
            let keys = self.batch.push(request, (0..keys).map(|_| self.workload.key()));
            encoder.put::<C>(request, keys, dataset);
            match request {
                PlannedRequest::Get { .. } => stats.gets += 1,
                PlannedRequest::Set { .. } => stats.sets += 1,
            }
        }
        self.sent_at = Instant::now();
        let batch = encoder.as_bytes();
        let sent = self.write(batch, stats).map_err(|error| self.failed(&error, dataset))?;
        self.unsent.extend_from_slice(&batch[sent..]);
        Ok(())
    }

    /// Continues to send, and checks what was received; to the end of the stream, if `has_ended`.
    ///
    /// # Errors
    ///
    /// The connection failed, or a reply is wrong.
    pub fn on_ready(
        &mut self,
        has_ended: bool,
        chunk: &mut [u8],
        dataset: &Dataset,
        stats: &mut Stats,
    ) -> Result<(), Fault> {
        if !self.unsent.is_empty() {
            let mut unsent = mem::take(&mut self.unsent);
            let sent = self.write(&unsent, stats).map_err(|error| self.failed(&error, dataset))?;
            unsent.drain(..sent);
            self.unsent = unsent;
        }
        loop {
            match self.stream.read(chunk) {
                Ok(0) if self.is_busy() => {
                    let what = "the server closed the connection";
                    return Err(self.fault(FaultKind::Lost, what, dataset));
                }
                Ok(0) => return Ok(()),
                Ok(length) => {
                    let now = Instant::now();
                    stats.bytes_received += length as u64;
                    self.receive(&chunk[..length], now, dataset, stats)?;
                    // Another event follows if more comes.
                    if length < chunk.len() && !has_ended {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(&error, dataset)),
            }
        }
    }

    /// Writes as much as the system takes.
    fn write(&mut self, bytes: &[u8], stats: &mut Stats) -> io::Result<usize> {
        let mut sent = 0;
        while sent < bytes.len() {
            match self.stream.write(&bytes[sent..]) {
                Ok(length) => sent += length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        stats.bytes_sent += sent as u64;
        Ok(sent)
    }

    /// Checks what was read at `now`.
    fn receive(
        &mut self,
        chunk: &[u8],
        now: Instant,
        dataset: &Dataset,
        stats: &mut Stats,
    ) -> Result<(), Fault> {
        let mut rest = chunk;
        let mut start = 0;
        let before = stats.replies;
        let wrong = loop {
            let verdict = match self.machine.step(&mut rest) {
                Step::NeedMore => break None,
                Step::Reject(error) => Verdict::Wrong(error.to_string()),
                Step::Dispatch(reply) => self.batch.check(C::answer(reply), dataset, stats),
            };
            let end = chunk.len() - rest.len();
            match verdict {
                Verdict::Right => self.partial.clear(),
                Verdict::Refused => {
                    self.keep(&chunk[start..end]);
                    let what = "the server rejected the request";
                    stats.record(self.fault(FaultKind::Refused, what, dataset));
                    self.partial.clear();
                    self.batch.advance();
                }
                Verdict::Wrong(what) => {
                    self.keep(&chunk[start..end]);
                    break Some(what);
                }
            }
            start = end;
        };
        if stats.replies > before {
            let took = u64::try_from((now - self.sent_at).as_nanos()).unwrap_or(u64::MAX);
            stats.latency.saturating_record_n(took, stats.replies - before);
        }
        if let Some(what) = wrong {
            return Err(self.fault(FaultKind::Wrong, &what, dataset));
        }
        self.keep(&chunk[start..]);
        if self.batch.is_answered() && !self.partial.is_empty() {
            return Err(self.fault(FaultKind::Wrong, EXTRA, dataset));
        }
        Ok(())
    }

    /// Keeps the first bytes of a reply, for a report of what is wrong with it.
    fn keep(&mut self, part: &[u8]) {
        self.partial.extend_from_slice(&part[..part.len().min(KEPT - self.partial.len())]);
    }

    /// A fault, with the request that is answered next and what came for it. Bytes after the last
    /// reply are reported with the last request.
    pub fn fault(&self, kind: FaultKind, what: &str, dataset: &Dataset) -> Fault {
        let mut encoder = Encoder::default();
        if let Some((request, keys)) = self.batch.current() {
            encoder.put::<C>(request, keys, dataset);
        }
        let request = encoder.as_bytes();
        let line = request.iter().position(|byte| *byte == b'\n').map_or(0, |lf| lf + 1);
        Fault {
            kind,
            what: what.to_owned(),
            request: excerpt(request, line.min(EXCERPT)),
            reply: excerpt(&self.partial, EXCERPT),
        }
    }

    fn failed(&self, error: &io::Error, dataset: &Dataset) -> Fault {
        self.fault(FaultKind::Lost, &format!("the connection failed: {error}"), dataset)
    }
}
