//! One thread: the loop that serves its connections.

use std::{
    io::{self, ErrorKind},
    mem,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use mio::{Events, Poll, Token};

use super::{
    client::Client,
    connection::{Connection, Task},
    items::Items,
    tally::{Fault, Kind, Tally},
};

/// The size of a read, in bytes.
const CHUNK: usize = 65_536;

/// How often is looked for replies that do not come.
const LOOK: Duration = Duration::from_millis(50);

/// What all threads do at a time.
pub(super) struct Phase<'p> {
    pub(super) task: Task,
    pub(super) items: &'p Items,
    /// When nothing more is asked; `None`: when all is.
    pub(super) until: Option<Instant>,
    /// How long the replies to a batch may take.
    pub(super) timeout: Duration,
    /// Set when nothing more is to be asked.
    pub(super) stop: &'p AtomicBool,
}

impl Phase<'_> {
    fn is_over(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now >= until) || self.stop.load(Ordering::Relaxed)
    }
}

/// What others may see of a thread while it works. No two share a cache line.
#[derive(Default)]
#[repr(align(128))]
pub(super) struct Live {
    pub(super) replies: AtomicU64,
    pub(super) faults: AtomicU64,
}

pub(super) struct Worker<C: Client> {
    poll: Poll,
    /// Those that ended are taken out.
    connections: Vec<Option<Connection<C>>>,
    /// How many of them are busy.
    busy: usize,
    /// What each read, and each batch, of all connections goes into.
    chunk: Vec<u8>,
    out: Vec<u8>,
    tally: Tally,
}

impl<C: Client> Worker<C> {
    pub(super) fn new(mut connections: Vec<Connection<C>>) -> Result<Self, String> {
        let poll = Poll::new().map_err(|error| cannot_wait(&error))?;
        for (index, connection) in connections.iter_mut().enumerate() {
            let registered = connection.stream().register(poll.registry(), Token(index));
            registered.map_err(|error| cannot_wait(&error))?;
        }
        Ok(Self {
            poll,
            connections: connections.into_iter().map(Some).collect(),
            busy: 0,
            chunk: vec![0; CHUNK],
            out: vec![],
            tally: Tally::new()?,
        })
    }

    pub(super) fn connections(&mut self) -> impl Iterator<Item = &mut Connection<C>> {
        self.connections.iter_mut().flatten()
    }

    /// Asks until the phase is over, and all is answered or given up. Tells what was counted, and
    /// when the last reply came.
    pub(super) fn run(
        &mut self,
        phase: &Phase<'_>,
        live: &Live,
    ) -> Result<(Tally, Instant), String> {
        let mut events = Events::with_capacity(self.connections.len().clamp(1, 1024));
        let mut now = Instant::now();
        let mut looked = now;
        self.tally = Tally::new()?;
        self.busy = self.connections.iter().flatten().count();
        for index in 0..self.connections.len() {
            self.ask(index, phase, now);
        }
        while self.busy > 0 {
            self.wait(&mut events, LOOK)?;
            now = Instant::now();
            self.serve(&events, phase, now);
            if now - looked >= LOOK {
                looked = now;
                self.give_up(phase, now);
            }
            let Tally { replies, refused, wrong, lost, .. } = self.tally;
            live.replies.store(replies, Ordering::Relaxed);
            live.faults.store(refused + wrong + lost, Ordering::Relaxed);
        }
        let ended = Instant::now();
        // What came behind the last replies.
        self.wait(&mut events, Duration::ZERO)?;
        self.serve(&events, phase, ended);
        Ok((mem::replace(&mut self.tally, Tally::new()?), ended))
    }

    fn wait(&mut self, events: &mut Events, patience: Duration) -> Result<(), String> {
        match self.poll.poll(events, Some(patience)) {
            Err(error) if error.kind() != ErrorKind::Interrupted => Err(cannot_wait(&error)),
            _ => Ok(()),
        }
    }

    fn serve(&mut self, events: &Events, phase: &Phase<'_>, now: Instant) {
        for event in events {
            let Token(index) = event.token();
            let Some(connection) = &mut self.connections[index] else { continue };
            let was_busy = connection.is_busy();
            let has_ended = event.is_read_closed();
            match connection.go_on(has_ended, &mut self.chunk, phase.items, &mut self.tally) {
                Ok(()) if was_busy && !connection.is_busy() => self.ask(index, phase, now),
                Ok(()) => {}
                Err(fault) => self.end(index, was_busy, fault),
            }
        }
    }

    /// Asks the next batch on a connection that counts as busy.
    fn ask(&mut self, index: usize, phase: &Phase<'_>, now: Instant) {
        let Some(connection) = &mut self.connections[index] else { return };
        if !phase.is_over(now)
            && let Err(fault) =
                connection.ask(phase.task, phase.items, &mut self.out, &mut self.tally)
        {
            self.end(index, true, fault);
        } else if !connection.is_busy() {
            self.busy -= 1;
        }
    }

    /// Ends connections whose replies do not come.
    fn give_up(&mut self, phase: &Phase<'_>, now: Instant) {
        for index in 0..self.connections.len() {
            let Some(connection) = &mut self.connections[index] else { continue };
            if connection.is_late(now, phase.timeout) {
                let what = format!("not answered in {} s", phase.timeout.as_secs_f64());
                let fault = connection.fault(Kind::Lost, &what, phase.items);
                self.end(index, true, fault);
            }
        }
    }

    fn end(&mut self, index: usize, was_busy: bool, fault: Fault) {
        if let Some(connection) = self.connections[index].take() {
            self.tally.unanswered += connection.unanswered();
            self.tally.tell(fault);
            self.busy -= usize::from(was_busy);
        }
    }
}

fn cannot_wait(error: &io::Error) -> String {
    format!("cannot wait for events: {error}")
}
