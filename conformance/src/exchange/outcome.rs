//! How an exchange ended.

use crate::results::Verdict;

/// The outcome of an exchange.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// All that was received.
    pub got: Vec<u8>,
    pub ending: Ending,
    /// How many bytes of `got` match, …
    pub matched: usize,
    /// … and how many bytes of what is expected they are.
    pub at: usize,
    /// What the process that closed the connection wrote last, to be appended to a message.
    pub last_output: String,
}

/// How an exchange ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All is as expected.
    Pass,
    /// Other bytes than expected, or not all of them.
    Wrong,
    /// A reply came after this many bytes, before the request was complete.
    EarlyReply { sent: usize },
    /// More bytes than expected.
    ExtraBytes,
    /// After this many bytes were sent, nothing came in time; or the target did not read them, or
    /// did not end.
    TimedOut { sent: usize },
    /// The target closed the connection before the last reply was complete.
    ClosedEarly { sent: usize },
    /// Its process failed, or it can no longer be reached.
    Crashed(String),
}

impl Ending {
    /// The verdict on a vector whose exchange ended so.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Pass => Verdict::Pass,
            Self::Wrong => Verdict::Wrong,
            Self::EarlyReply { .. } => Verdict::EarlyReply,
            Self::ExtraBytes => Verdict::ExtraBytes,
            Self::TimedOut { .. } => Verdict::TimedOut,
            Self::ClosedEarly { .. } => Verdict::ClosedEarly,
            Self::Crashed(_) => Verdict::Crashed,
        }
    }
}
