//! One conversation: a script, cut into chunks, said to a subject.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    select,
    time::{Instant, sleep_until, timeout_at},
};

use super::{
    script::{Matcher, Script},
    subject::Link,
};

/// So much more than what is expected is read before it is called a flood.
const FLOOD: usize = 65_536;

/// A subject that sends no more than this is too slow.
const BYTES_A_SECOND: usize = 32_768;

/// How long is waited, after something is wrong, for the rest of what the subject says.
const AFTERMATH: Duration = Duration::from_millis(100);

/// How fast to go on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Between two chunks, so that they are read one by one.
    pub pause: Duration,
    /// The longest time for whatever is awaited.
    pub patience: Duration,
    /// Whether to wait for the rest of what the subject says when something is wrong.
    pub curious: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    /// All that was received.
    pub got: Vec<u8>,
    pub ending: Ending,
    /// So much of `got` fits, …
    pub fits: usize,
    /// … and is this much of what is expected.
    pub at: usize,
    /// What the process that closed the connection said, to be put behind a message.
    pub said: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// All is as expected.
    Right,
    /// Other bytes than expected, or not all of them.
    Wrong,
    /// A reply came when only so many bytes were sent, which do not decide it.
    Early { sent: usize },
    /// More bytes than expected.
    Extra,
    /// Nothing came for too long, with so many bytes sent; or the subject took none of them, or
    /// did not end.
    TimedOut { sent: usize },
    /// The subject closed the connection before all was answered.
    Closed { sent: usize },
    /// Its process ended as none should, or is gone.
    Crashed(String),
}

struct Conversation<'s> {
    script: &'s Script,
    link: Link,
    matcher: Matcher<'s>,
    got: Vec<u8>,
    /// All that was given to the subject, or may have been.
    sent: usize,
    closed: bool,
    buffer: Vec<u8>,
}

/// Says `script` in chunks that end at `cuts`, and at the end of the stream.
///
/// A filter is not waited for, since it may read all of its input first.
pub(super) async fn converse(
    script: &Script,
    cuts: &[usize],
    link: Link,
    is_filter: bool,
    pace: Pace,
) -> Outcome {
    let mut talk = Conversation {
        script,
        link,
        matcher: Matcher::new(&script.expected),
        got: vec![],
        sent: 0,
        closed: false,
        buffer: vec![0; 16_384],
    };
    let ending = match talk.through(cuts, is_filter, pace).await {
        Ok(()) => Ending::Right,
        Err(ending) => {
            if pace.curious {
                talk.aftermath(&ending).await;
            }
            ending
        }
    };
    let Conversation { matcher, got, .. } = talk;
    Outcome { got, ending, fits: matcher.fits, at: matcher.at, said: String::new() }
}

impl Conversation<'_> {
    async fn through(&mut self, cuts: &[usize], is_filter: bool, pace: Pace) -> Result<(), Ending> {
        // Long answers take their time.
        let more = self.script.expected.bytes.len() / BYTES_A_SECOND;
        let pace = Pace { patience: pace.patience + Duration::from_secs(more as u64), ..pace };
        let waits: &[usize] = if is_filter { &[] } else { &self.script.waits };
        let length = self.script.stream.len();
        let mut ends: Vec<usize> = cuts.iter().chain(waits).copied().collect();
        ends.push(length);
        ends.sort_unstable();
        ends.dedup();
        for end in ends {
            let deadline = Instant::now() + pace.patience;
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
        let deadline = Instant::now() + pace.patience;
        if is_filter {
            return self.await_end(deadline).await;
        }
        if !self.script.clean && !self.script.closes && cuts.is_empty() {
            // What is whole is answered, however early the stream ends.
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
            // Only the end of the stream tells that nothing else is answered.
            if let Some(mut writer) = self.link.writer.take() {
                let _ = writer.shutdown().await;
            }
            let quiet = (pace.pause * 20).max(Duration::from_millis(50)).min(pace.patience);
            self.listen(Instant::now() + quiet).await?;
        }
        Ok(())
    }

    /// Sends all up to `end`, and takes what comes meanwhile.
    async fn send(&mut self, end: usize, deadline: Instant) -> Result<(), Ending> {
        let bytes = self.script.fill(self.sent..end, &self.matcher.remembered);
        let mut chunk = &bytes[..];
        self.sent = end;
        while !chunk.is_empty() && !self.closed {
            let Some(writer) = &mut self.link.writer else { break };
            let received = select! {
                written = writer.write(chunk) => {
                    let Ok(length) = written else {
                        // It has closed; what it said before is still to be read.
                        self.link.writer = None;
                        break;
                    };
                    chunk = &chunk[length..];
                    continue;
                }
                received = self.link.reader.read(&mut self.buffer) => received,
                () = sleep_until(deadline) => return Err(Ending::TimedOut { sent: end - chunk.len() }),
            };
            self.take(received.unwrap_or(0))?;
        }
        Ok(())
    }

    /// Takes what was read: so much of the buffer, or the end of the stream.
    fn take(&mut self, length: usize) -> Result<(), Ending> {
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
            // What answers no request at all is too much; what answers a part of one is too early.
            let early = script.is_inside(self.sent);
            return Err(if early { Ending::Early { sent: self.sent } } else { Ending::Extra });
        }
        let before_probe = script.probe.map(|_| script.expected.end_of(script.answers() - 1));
        if differs && Some(at) == before_probe {
            return Err(Ending::Extra);
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
        self.take(received.unwrap_or(0))?;
        Ok(true)
    }

    /// Waits for all answers that are decided by what was sent.
    async fn await_answers(&mut self, deadline: Instant) -> Result<(), Ending> {
        let wanted = self.script.decided(self.sent);
        while self.matcher.answered() < wanted {
            if self.closed {
                return Err(Ending::Closed { sent: self.sent });
            }
            // A subject that goes on and on is not waited for either.
            if !self.receive(deadline).await? || Instant::now() > deadline {
                return Err(Ending::TimedOut { sent: self.sent });
            }
        }
        Ok(())
    }

    /// Takes what comes until `deadline`.
    async fn listen(&mut self, deadline: Instant) -> Result<(), Ending> {
        while !self.closed && Instant::now() < deadline {
            self.receive(deadline).await?;
        }
        Ok(())
    }

    /// Ends the stream of a filter, and takes all that it says until it ends.
    async fn await_end(&mut self, deadline: Instant) -> Result<(), Ending> {
        self.link.writer = None;
        while !self.closed {
            if !self.receive(deadline).await? || Instant::now() > deadline {
                return Err(Ending::TimedOut { sent: self.sent });
            }
        }
        let Some(process) = &self.link.process else { return Ok(()) };
        let patience = deadline.saturating_duration_since(Instant::now());
        let Some((status, exited)) = process.end(patience).await else {
            return Err(Ending::TimedOut { sent: self.sent });
        };
        let complete = self.matcher.at == self.script.expected.bytes.len();
        // Some tell by their exit code that the input was not all right.
        if exited && complete {
            return Ok(());
        }
        if status.ends_with(": 0") {
            return Err(Ending::Wrong);
        }
        Err(Ending::Crashed(format!("it ended with {status}{}", process.last_words().await)))
    }

    /// Lets the subject say the rest, so that all of it can be shown.
    async fn aftermath(&mut self, ending: &Ending) {
        if matches!(ending, Ending::TimedOut { .. } | Ending::Crashed(_)) || self.closed {
            return;
        }
        let deadline = Instant::now() + AFTERMATH;
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
