//! One thread: the event loop of its connections.

use std::{
    io::{self, ErrorKind},
    mem,
    time::{Duration, Instant},
};

use mio::{Events, Poll, Token};

use super::{
    client::Client,
    connection::Connection,
    encoder::Encoder,
    phase::Phase,
    progress::Live,
    stats::{Fault, FaultKind, Stats},
};

/// The size of a read, in bytes.
const CHUNK: usize = 65_536;

/// How often timeouts are checked.
const CHECK_TIMEOUTS: Duration = Duration::from_millis(50);

/// A thread's connections, and what they share.
pub struct Worker<C: Client> {
    poll: Poll,
    /// `None`: it was closed.
    connections: Vec<Option<Connection<C>>>,
    /// How many of them are busy.
    busy: usize,
    /// What all connections read into, and encode their batches in.
    chunk: Vec<u8>,
    encoder: Encoder,
    stats: Stats,
}

impl<C: Client> Worker<C> {
    /// # Errors
    ///
    /// The system cannot report events.
    pub fn new(mut connections: Vec<Connection<C>>) -> Result<Self, String> {
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
            encoder: Encoder::default(),
            stats: Stats::new()?,
        })
    }

    pub fn connections(&mut self) -> impl Iterator<Item = &mut Connection<C>> {
        self.connections.iter_mut().flatten()
    }

    /// Sends batches until the phase is over, and all are answered or timed out. Returns what was
    /// counted, and when the last reply came.
    ///
    /// # Errors
    ///
    /// The system cannot report events.
    pub fn run(&mut self, phase: &Phase<'_>, live: &Live) -> Result<(Stats, Instant), String> {
        let mut events = Events::with_capacity(self.connections.len().clamp(1, 1024));
        let mut now = Instant::now();
        let mut checked = now;
        self.stats = Stats::new()?;
        self.busy = self.connections.iter().flatten().count();
        for index in 0..self.connections.len() {
            self.send_batch(index, phase, now);
        }
        while self.busy > 0 {
            self.wait(&mut events, CHECK_TIMEOUTS)?;
            now = Instant::now();
            self.handle(&events, phase, now);
            if now - checked >= CHECK_TIMEOUTS {
                checked = now;
                self.time_out(phase, now);
            }
            live.update(&self.stats);
        }
        let ended = Instant::now();
        // Bytes that follow the last replies.
        self.wait(&mut events, Duration::ZERO)?;
        self.handle(&events, phase, ended);
        Ok((mem::replace(&mut self.stats, Stats::new()?), ended))
    }

    fn wait(&mut self, events: &mut Events, timeout: Duration) -> Result<(), String> {
        match self.poll.poll(events, Some(timeout)) {
            Err(error) if error.kind() != ErrorKind::Interrupted => Err(cannot_wait(&error)),
            _ => Ok(()),
        }
    }

    fn handle(&mut self, events: &Events, phase: &Phase<'_>, now: Instant) {
        for event in events {
            let Token(index) = event.token();
            let Some(connection) = &mut self.connections[index] else { continue };
            let was_busy = connection.is_busy();
            let has_ended = event.is_read_closed();
            match connection.on_ready(has_ended, &mut self.chunk, phase.dataset, &mut self.stats) {
                Ok(()) if was_busy && !connection.is_busy() => self.send_batch(index, phase, now),
                Ok(()) => {}
                Err(fault) => self.end(index, was_busy, fault),
            }
        }
    }

    /// Sends the next batch of a connection that counts as busy.
    fn send_batch(&mut self, index: usize, phase: &Phase<'_>, now: Instant) {
        let Some(connection) = &mut self.connections[index] else { return };
        if !phase.is_over(now)
            && let Err(fault) =
                connection.send_batch(phase.task, phase.dataset, &mut self.encoder, &mut self.stats)
        {
            self.end(index, true, fault);
        } else if !connection.is_busy() {
            self.busy -= 1;
        }
    }

    /// Closes connections whose replies take too long.
    fn time_out(&mut self, phase: &Phase<'_>, now: Instant) {
        for index in 0..self.connections.len() {
            let Some(connection) = &mut self.connections[index] else { continue };
            if connection.is_late(now, phase.timeout) {
                let what = format!("no complete reply within {} s", phase.timeout.as_secs_f64());
                let fault = connection.fault(FaultKind::Lost, &what, phase.dataset);
                self.end(index, true, fault);
            }
        }
    }

    /// Closes a connection after a fault.
    fn end(&mut self, index: usize, was_busy: bool, fault: Fault) {
        if let Some(connection) = self.connections[index].take() {
            self.stats.unanswered += connection.pending();
            self.stats.record(fault);
            self.busy -= usize::from(was_busy);
        }
    }
}

fn cannot_wait(error: &io::Error) -> String {
    format!("cannot wait for events: {error}")
}
