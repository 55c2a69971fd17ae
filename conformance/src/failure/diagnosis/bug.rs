//! The well-known bugs of servers, each with a description and a remedy.

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
    /// Its description, and the remedy.
    pub fn text(self) -> &'static str {
        match self {
            Self::OneReadIsOneCommand => {
                "the server treats the bytes of one read as one complete command. A read may end \
                 anywhere, and may return many commands: buffer incomplete ones, and continue while \
                 there is a complete one"
            }
            Self::SplitLineLost => {
                "a command line that arrives in two pieces is lost or taken for two. Buffer bytes \
                 until their LF arrives, and append the next read"
            }
            Self::SplitBlockLost => {
                "a data block that arrives in two pieces is lost. Count its bytes over as many \
                 reads as it takes"
            }
            Self::SplitBlockEndLost => {
                "the LF after a value is lost if it arrives in another read than the value. It \
                 belongs to the block: wait for it as for the value's bytes"
            }
            Self::CrLf => "the replies end with CR LF; in this dialect lines end with LF",
            Self::BareLf => "the replies end with LF; in this dialect lines end with CR LF",
            Self::NewlineInValue => {
                "the value is split at its newline, or the data block is read as a line. The \
                 command line declares the length of the value, whatever its bytes are"
            }
            Self::Decoded => {
                "the bytes of the value went through a character encoding. Values are bytes: read \
                 and write them without decoding"
            }
            Self::LengthInCharacters => "the value's length is counted in characters, not in bytes",
            Self::EndPerKey => {
                "each key is answered with an END of its own; one END follows all of them"
            }
            Self::FirstKeyOnly => "only the first key of a get is answered",
            Self::RepeatedKeyOnce => "a key that is requested twice is answered once",
            Self::KeyOrder => "the keys are answered in another order than that of the request",
            Self::ValueTrimmed => {
                "white space at an end of the value is lost; every byte of a value counts"
            }
            Self::EarlyReply => {
                "the reply is sent before the request is complete. A set is complete with the LF \
                 after its value, every other command with the LF of its line"
            }
            Self::CaseIgnored => "keys are compared without regard to case",
            Self::NotFlushed => {
                "the replies stay in a buffer. Flush it when there is nothing more to read"
            }
            Self::NoBlockEnd => {
                "the LF after the value is missing; it is sent whatever the value ends with"
            }
            Self::ReplyTwice => "a reply is sent twice",
            Self::ClosedAfterFirst => "the connection is closed after the first command",
        }
    }
}
