//! Where memcached 1.6.18 and memwire differ on purpose.

/// A reason why the two answer a request differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Known {
    BlockOfBadKey,
    ControlInKey,
    Nul,
    WhiteSpace,
    Minus,
    Flags,
    Count,
    Exptime,
    GatWithoutKey,
    GatTouches,
    RepliesLost,
    EndInBlock,
    DeleteNumber,
    Numeric,
    Blank,
    Large,
    FlushPast,
    FlushLater,
    LongLine,
    Prompt,
    Append,
    StatsWords,
    OtherCommands,
    OtherProtocols,
    LargestValue,
    Clock,
}

pub struct Entry {
    pub known: Known,
    pub memcached: &'static str,
    pub memwire: &'static str,
    pub why: &'static str,
    /// The smallest stream that shows it, and what each answers. `@` is a key of 251 bytes, `~`
    /// a word of 20 000, `%` a block of 600 000.
    pub shown: Option<(&'static str, &'static str, &'static str)>,
}

/// In the order of [`Known`].
pub const LEDGER: [Entry; 26] = [
    Entry {
        known: Known::BlockOfBadKey,
        memcached: "reads the block of a storage command whose key is too long as commands",
        memwire: "skips it",
        why: "a block is no command; newer versions skip it, too",
        shown: Some((
            "set @ 0 0 5\r\nget k\r\n",
            "CLIENT_ERROR #\r\nEND\r\n",
            "CLIENT_ERROR #\r\n",
        )),
    },
    Entry {
        known: Known::ControlInKey,
        memcached: "takes keys with control characters",
        memwire: "rejects them",
        why: "protocol.txt forbids them",
        shown: Some(("get a\x01\r\n", "END\r\n", "CLIENT_ERROR #\r\n")),
    },
    Entry {
        known: Known::Nul,
        memcached: "takes a NUL for the end of the line or word",
        memwire: "takes it for a byte like others",
        why: "nothing but LF ends a line",
        shown: Some(("get k\0\r\n", "END\r\n", "CLIENT_ERROR #\r\n")),
    },
    Entry {
        known: Known::WhiteSpace,
        memcached: "reads numbers with white space before or after them, such as a tab",
        memwire: "rejects them",
        why: "only spaces separate words",
        shown: Some(("touch k 1\t\r\n", "NOT_FOUND\r\n", "CLIENT_ERROR #\r\n")),
    },
    Entry {
        known: Known::Minus,
        memcached: "reads -0, and numbers below -2^63, where no sign is due, modulo 2^64",
        memwire: "rejects a minus sign there",
        why: "no such number is below 0; -1 is rejected by both",
        shown: Some(("incr k -0\r\n", "NOT_FOUND\r\n", "CLIENT_ERROR #\r\n")),
    },
    Entry {
        known: Known::Flags,
        memcached: "takes flags up to 2^64 - 1, and keeps their low 32 bits",
        memwire: "rejects flags past 2^32 - 1, without skipping a block",
        why: "protocol.txt names 32 bits; newer versions reject them, too",
        shown: Some(("set k 4294967296 0 1\r\nA\r\n", "STORED\r\n", "CLIENT_ERROR #\r\nERROR\r\n")),
    },
    Entry {
        known: Known::Count,
        memcached: "keeps the low 32 bits of a count",
        memwire: "rejects counts past 2147483645",
        why: "2^32 is not 0",
        shown: Some(("set k 0 0 4294967297\r\nA\r\n", "STORED\r\n", "CLIENT_ERROR #\r\nERROR\r\n")),
    },
    Entry {
        known: Known::Exptime,
        memcached: "keeps the low 32 bits of an exptime or delay",
        memwire: "reads 64 bits",
        why: "time goes on in 2038",
        shown: Some((
            "set k 0 2147483648 1\r\nA\r\nget k\r\n",
            "STORED\r\nEND\r\n",
            "STORED\r\nVALUE k 0 1\r\nA\r\nEND\r\n",
        )),
    },
    Entry {
        known: Known::GatWithoutKey,
        memcached: "answers END to a gat of no key",
        memwire: "answers ERROR",
        why: "as to a get of no key",
        shown: Some(("gat 10\r\n", "END\r\n", "ERROR\r\n")),
    },
    Entry {
        known: Known::GatTouches,
        memcached: "touches the keys of a gat before one that is too long",
        memwire: "touches none",
        why: "what is rejected does nothing",
        shown: Some((
            "set a 0 0 1\r\nA\r\nget a\r\ngat -1 a @\r\nget a\r\n",
            "STORED\r\nVALUE a 0 1\r\nA\r\nEND\r\nCLIENT_ERROR #\r\nEND\r\n",
            "STORED\r\nVALUE a 0 1\r\nA\r\nEND\r\nCLIENT_ERROR #\r\nVALUE a 0 1\r\nA\r\nEND\r\n",
        )),
    },
    Entry {
        known: Known::RepliesLost,
        memcached: "forgets replies that are still to be sent when a get has a key that is too long",
        memwire: "answers each request",
        why: "a bug of 1.6.18; so such a get begins a connection here",
        shown: Some((
            "delete k\r\nget @\r\n",
            "CLIENT_ERROR #\r\n",
            "NOT_FOUND\r\nCLIENT_ERROR #\r\n",
        )),
    },
    Entry {
        known: Known::EndInBlock,
        memcached: "forgets replies that are still to be sent when the stream ends in a block",
        memwire: "answers each request",
        why: "a bug of 1.6.18; so such a request begins a connection here",
        shown: Some(("delete k\r\nset k 0 0 3\r\n", "", "NOT_FOUND\r\n")),
    },
    Entry {
        known: Known::DeleteNumber,
        memcached: "takes no other number than 0 after the key of a delete",
        memwire: "takes any",
        why: "old clients send them; newer versions take any, too",
        shown: Some(("delete k 10\r\n", "CLIENT_ERROR #\r\n", "NOT_FOUND\r\n")),
    },
    Entry {
        known: Known::Numeric,
        memcached: "takes a value for a number if one stands before its first white space or NUL",
        memwire: "takes it if the whole value is one, with white space around it",
        why: "1 x is no number, nor is -0",
        shown: Some((
            "set k 0 0 3\r\n1 x\r\nincr k 1\r\n",
            "STORED\r\n2\r\n",
            "STORED\r\nCLIENT_ERROR #\r\n",
        )),
    },
    Entry {
        known: Known::Blank,
        memcached: "reads on after a value of white space alone, and may find digits there",
        memwire: "takes it for no number",
        why: "a bug of 1.6.18: what is found is left of older values",
        shown: None,
    },
    Entry {
        known: Known::Large,
        memcached: "may reject a value from 2^63 on as a number: it looks for a minus sign after it",
        memwire: "takes it for one",
        why: "a bug of 1.6.18: what is found is left of older values; so a new server decides here",
        shown: None,
    },
    Entry {
        known: Known::FlushPast,
        memcached: "flushes nothing at a time that is past",
        memwire: "flushes at once",
        why: "it is as late as it can be",
        shown: Some((
            "set k 0 0 1\r\nA\r\nflush_all 2592001\r\nget k\r\n",
            "STORED\r\nOK\r\nVALUE k 0 1\r\nA\r\nEND\r\n",
            "STORED\r\nOK\r\nEND\r\n",
        )),
    },
    Entry {
        known: Known::FlushLater,
        memcached: "brings back what was flushed, when asked to flush later",
        memwire: "does not",
        why: "what was taken away stays away",
        shown: Some((
            "set k 0 0 1\r\nA\r\nflush_all\r\nflush_all 1000\r\nget k\r\n",
            "STORED\r\nOK\r\nOK\r\nVALUE k 0 1\r\nA\r\nEND\r\n",
            "STORED\r\nOK\r\nOK\r\nEND\r\n",
        )),
    },
    Entry {
        known: Known::LongLine,
        memcached: "closes at a line of more than 2048 bytes that is no get, if it comes in pieces",
        memwire: "takes lines of 2 MiB",
        why: "what a line means does not depend on how it is split",
        shown: Some(("~\r\n", "", "ERROR\r\n")),
    },
    Entry {
        known: Known::Prompt,
        memcached: "rejects a block when it is whole, so not at all if it never is",
        memwire: "answers at once",
        why: "a reply is sent as soon as it is decided",
        shown: Some(("set k 0 0 2000000\r\n", "", "SERVER_ERROR #\r\n")),
    },
    Entry {
        known: Known::Append,
        memcached: "answers NOT_STORED to an append that makes too large a value",
        memwire: "answers SERVER_ERROR",
        why: "protocol.txt keeps NOT_STORED for what is no error",
        shown: Some((
            "set k 0 0 600000\r\n%\r\nappend k 0 0 600000\r\n%\r\n",
            "STORED\r\nNOT_STORED\r\n",
            "STORED\r\nSERVER_ERROR #\r\n",
        )),
    },
    Entry {
        known: Known::StatsWords,
        memcached: "ignores words after stats reset",
        memwire: "knows no such statistics",
        why: "no client sends them",
        shown: Some(("stats reset foo\r\n", "RESET\r\n", "ERROR\r\n")),
    },
    Entry {
        known: Known::OtherCommands,
        memcached: "has more commands, and other statistics",
        memwire: "answers ERROR, or its own",
        why: "the dialect does not have them",
        shown: Some(("mn\r\n", "MN\r\n", "ERROR\r\n")),
    },
    Entry {
        known: Known::OtherProtocols,
        memcached: "closes at what looks like HTTP but for some first letters, perhaps without \
                    what it owes, and speaks a binary protocol",
        memwire: "closes whatever the first letter is, once it sent what it owes, and speaks none",
        why: "what passes on HTTP for somebody else is to be stopped, and no reply to be lost",
        shown: Some(("ge / HTTP/1.1\r\n", "ERROR\r\n", "")),
    },
    Entry {
        known: Known::LargestValue,
        memcached: "has room for some number of bytes near 1 MiB",
        memwire: "for some other",
        why: "the number is not specified",
        shown: None,
    },
    Entry {
        known: Known::Clock,
        memcached: "expires within seconds",
        memwire: "too, but perhaps in another one",
        why: "each counts its own seconds",
        shown: None,
    },
];

/// What an example stands for.
pub fn stream(shown: &str) -> Vec<u8> {
    let mut stream = Vec::new();
    for byte in shown.bytes() {
        match byte {
            b'@' => stream.extend(vec![b'k'; 251]),
            b'~' => stream.extend(vec![b'x'; 20_000]),
            b'%' => stream.extend(vec![b'v'; 600_000]),
            _ => stream.push(byte),
        }
    }
    stream
}
