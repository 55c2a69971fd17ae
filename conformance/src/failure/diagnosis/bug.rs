//! The well-known bugs of servers, each with what it is and how to mend it.

/// A well-known bug of servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    OneReadIsOneCommand,
    SplitLineLost,
    SplitBlockLost,
    SplitBlockEndLost,
    CrLf,
    BareLf,
    NewlineInValue,
    Decoded,
    LengthInCharacters,
    EndPerKey,
    FirstKeyOnly,
    RepeatedKeyOnce,
    KeyOrder,
    ValueTrimmed,
    EarlyReply,
    CaseIgnored,
    NotFlushed,
    NoBlockEnd,
    ReplyTwice,
    ClosedAfterFirst,
}

impl Bug {
    /// What it is, and how to mend it.
    pub fn text(self) -> &'static str {
        match self {
            Self::OneReadIsOneCommand => {
                "the server takes what one read gives it for one whole command. A read may end \
                 anywhere, and may hold many commands: keep what is not complete, and go on for as \
                 long as there is a complete command"
            }
            Self::SplitLineLost => {
                "a command line that comes in two pieces is lost or taken for two. Keep what has \
                 no LF yet, and join it with the next read"
            }
            Self::SplitBlockLost => {
                "a data block that comes in two pieces is lost. Count its bytes over as many reads \
                 as it takes"
            }
            Self::SplitBlockEndLost => {
                "the LF behind a value is lost if it comes in another read than the value. It \
                 belongs to the block: wait for it as for the value's bytes"
            }
            Self::CrLf => "the replies end with CR LF; in this dialect lines end with LF alone",
            Self::BareLf => "the replies end with LF alone; in this dialect lines end with CR LF",
            Self::NewlineInValue => {
                "the value is split at its newline, or a line is read where the data block is. The \
                 count in the command line says how long a value is, whatever is in it"
            }
            Self::Decoded => {
                "the bytes of the value went through a character encoding. Values are bytes: read \
                 and write them without decoding"
            }
            Self::LengthInCharacters => "the value's length is told in characters, not in bytes",
            Self::EndPerKey => {
                "each key is answered with an END of its own; one END stands behind all of them"
            }
            Self::FirstKeyOnly => "only the first key of a get is answered",
            Self::RepeatedKeyOnce => "a key that is named twice is answered once",
            Self::KeyOrder => "the keys are answered in another order than that of the request",
            Self::ValueTrimmed => {
                "white space at an end of the value is lost; every byte of it counts"
            }
            Self::EarlyReply => {
                "the reply is sent before the request is complete. A set is complete with the LF \
                 behind its value, every other command with the LF of its line"
            }
            Self::CaseIgnored => "keys are compared without regard to case",
            Self::NotFlushed => {
                "the replies are kept in a buffer. Flush it when there is nothing more to read"
            }
            Self::NoBlockEnd => {
                "the LF behind the value is missing; it is sent whatever the value ends with"
            }
            Self::ReplyTwice => "a reply is sent twice",
            Self::ClosedAfterFirst => "the connection is closed after the first command",
        }
    }
}
