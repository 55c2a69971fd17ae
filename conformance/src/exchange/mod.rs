//! One exchange: a script, split into chunks and sent to the target, and the replies.

mod outcome;

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    select,
    time::{Instant, sleep_until, timeout_at},
};

use crate::{
    script::{Matcher, Script},
    target::Link,
};

pub use outcome::{Ending, Outcome};

/// At most this many bytes more than expected are read.
const FLOOD: usize = 65_536;

/// A target that sends fewer bytes per second times out.
const BYTES_A_SECOND: usize = 32_768;

/// How long to wait for the rest of the replies after a failure.
const REST: Duration = Duration::from_millis(100);

/// The pace of an exchange.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two chunks, so that they are read one by one.
    pub pause: Duration,
    /// The longest time for a reply.
    pub timeout: Duration,
    /// Whether to read the rest of the replies after a failure.
    pub read_rest: bool,
}

struct Exchange<'s> {
    script: &'s Script,
    link: Link,
    matcher: Matcher<'s>,
    got: Vec<u8>,
    /// How many bytes were given to the target, or may have been.
    sent: usize,
    closed: bool,
    buffer: Vec<u8>,
}

/// Sends `script` in chunks that end at `cuts`, and at the end of the stream.
///
/// The replies of a filter are awaited only at the end, since it may read all of its input first.
pub async fn exchange(
    script: &Script,
    cuts: &[usize],
    link: Link,
    is_filter: bool,
    pace: Pace,
) -> Outcome {
    let mut exchange = Exchange {
        script,
        link,
        matcher: Matcher::new(&script.expected),
        got: vec![],
        sent: 0,
        closed: false,
        buffer: vec![0; 16_384],
    };
    let ending = match exchange.run(cuts, is_filter, pace).await {
        Ok(()) => Ending::Pass,
        Err(ending) => {
            if pace.read_rest {
                exchange.read_rest(&ending).await;
            }
            ending
        }
    };
    let Exchange { matcher, got, .. } = exchange;
    let last_output = String::new();
    Outcome { got, ending, matched: matcher.matched, at: matcher.at, last_output }
}

impl Exchange<'_> {
    async fn run(&mut self, cuts: &[usize], is_filter: bool, pace: Pace) -> Result<(), Ending> {
        // Long replies take longer.
        let more = self.script.expected.bytes.len() / BYTES_A_SECOND;
        let pace = Pace { timeout: pace.timeout + Duration::from_secs(more as u64), ..pace };
        let waits: &[usize] = if is_filter { &[] } else { &self.script.waits };
        let length = self.script.stream.len();
        let mut ends: Vec<usize> = cuts.iter().chain(waits).copied().collect();
        ends.push(length);
        ends.sort_unstable();
        ends.dedup();
        for end in ends {
            let deadline = Instant::now() + pace.timeout;
            self.send(end, deadline).await?;
            if end == length {
                break;
            }
            if waits.contains(&end) {
                self.await_answers(deadline).await?;
            }
            if let Some(time) = self.script.sleep_at(end) {
                self.listen(Instant::now() + time).await?;
            }
            self.listen(Instant::now() + pace.pause).await?;
        }
        let deadline = Instant::now() + pace.timeout;
        if is_filter {
            return self.await_end(deadline).await;
        }
        if !self.script.clean && !self.script.closes && cuts.is_empty() {
            // Complete requests are answered, however early the stream ends.
            if let Some(mut writer) = self.link.writer.take() {
                let _ = writer.shutdown().await;
            }
        }
        self.await_answers(deadline).await?;
        while self.script.closes && !self.closed {
            if !self.receive(deadline).await? {
                return Err(Ending::TimedOut { sent: self.sent });
            }
        }
        if !self.script.clean {
            // Only the end of the stream shows that no reply follows.
            if let Some(mut writer) = self.link.writer.take() {
                let _ = writer.shutdown().await;
            }
            let quiet = (pace.pause * 20).max(Duration::from_millis(50)).min(pace.timeout);
            self.listen(Instant::now() + quiet).await?;
        }
        Ok(())
    }

    /// Sends everything up to `end`, and reads replies meanwhile.
    async fn send(&mut self, end: usize, deadline: Instant) -> Result<(), Ending> {
        let bytes = self.script.fill(self.sent..end, &self.matcher.captures);
        let mut chunk = &bytes[..];
        self.sent = end;
        while !chunk.is_empty() && !self.closed {
            let Some(writer) = &mut self.link.writer else { break };
            let received = select! {
                written = writer.write(chunk) => {
                    let Ok(length) = written else {
                        // It has closed; bytes that it sent before that may still be unread.
                        self.link.writer = None;
                        break;
                    };
                    chunk = &chunk[length..];
                    continue;
                }
                received = self.link.reader.read(&mut self.buffer) => received,
                () = sleep_until(deadline) => return Err(Ending::TimedOut { sent: end - chunk.len() }),
            };
            self.judge(received.unwrap_or(0))?;
        }
        Ok(())
    }

    /// Judges the bytes that were read: the first ones of the buffer, or the end of the stream.
    fn judge(&mut self, length: usize) -> Result<(), Ending> {
        if length == 0 {
            self.closed = true;
            return Ok(());
        }
        let script = self.script;
        self.got.extend_from_slice(&self.buffer[..length]);
        self.matcher.feed(&self.buffer[..length]);
        let all = script.expected.bytes.len();
        let decided = script.expected.end_of(script.decided(self.sent));
        let Matcher { at, differs, .. } = self.matcher;
        if differs && at >= decided || at > decided {
            // Bytes that no request explains are extra; a reply to an incomplete request is early.
            let early = script.is_inside(self.sent);
            return Err(if early {
                Ending::EarlyReply { sent: self.sent }
            } else {
                Ending::ExtraBytes
            });
        }
        let before_probe = script.probe.map(|_| script.expected.end_of(script.answers() - 1));
        if differs && Some(at) == before_probe {
            return Err(Ending::ExtraBytes);
        }
        if differs || self.got.len() > all + FLOOD {
            return Err(Ending::Wrong);
        }
        Ok(())
    }

    /// Whether something was read, or the end of the stream, before `deadline`.
    async fn receive(&mut self, deadline: Instant) -> Result<bool, Ending> {
        let Ok(received) = timeout_at(deadline, self.link.reader.read(&mut self.buffer)).await
        else {
            return Ok(false);
        };
        self.judge(received.unwrap_or(0))?;
        Ok(true)
    }

    /// Waits for the replies to all requests that were sent completely.
    async fn await_answers(&mut self, deadline: Instant) -> Result<(), Ending> {
        let wanted = self.script.decided(self.sent);
        while self.matcher.answered() < wanted {
            if self.closed {
                return Err(Ending::ClosedEarly { sent: self.sent });
            }
            // Nor is a target waited for that never stops sending.
            if !self.receive(deadline).await? || Instant::now() > deadline {
                return Err(Ending::TimedOut { sent: self.sent });
            }
        }
        Ok(())
    }

    /// Reads replies until `deadline`.
    async fn listen(&mut self, deadline: Instant) -> Result<(), Ending> {
        while !self.closed && Instant::now() < deadline {
            self.receive(deadline).await?;
        }
        Ok(())
    }

    /// Ends the stream of a filter, and reads all that it writes until it ends.
    async fn await_end(&mut self, deadline: Instant) -> Result<(), Ending> {
        self.link.writer = None;
        while !self.closed {
            if !self.receive(deadline).await? || Instant::now() > deadline {
                return Err(Ending::TimedOut { sent: self.sent });
            }
        }
        let Some(process) = &self.link.process else { return Ok(()) };
        let timeout = deadline.saturating_duration_since(Instant::now());
        let Some(status) = process.end(timeout).await else {
            return Err(Ending::TimedOut { sent: self.sent });
        };
        let complete = self.matcher.at == self.script.expected.bytes.len();
        // Some report invalid input by their exit code.
        if status.is_exit() && complete {
            return Ok(());
        }
        if status.is_success() {
            return Err(Ending::Wrong);
        }
        Err(Ending::Crashed(format!(
            "the process exited with {status}{}",
            process.last_output().await
        )))
    }

    /// Reads the rest of the replies, so that all of them can be shown.
    async fn read_rest(&mut self, ending: &Ending) {
        if matches!(ending, Ending::TimedOut { .. } | Ending::Crashed(_)) || self.closed {
            return;
        }
        let deadline = Instant::now() + REST;
        let most = self.script.expected.bytes.len() + FLOOD;
        let _ = self.send(self.script.stream.len(), deadline).await;
        self.link.writer = None;
        while !self.closed && self.got.len() < most {
            let reading = timeout_at(deadline, self.link.reader.read(&mut self.buffer)).await;
            let Ok(Ok(length @ 1..)) = reading else { break };
            self.got.extend_from_slice(&self.buffer[..length]);
        }
    }
}
