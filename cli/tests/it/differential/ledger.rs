//! The ledger: where memcached 1.6.18 and memwire differ by design.

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
    /// The smallest stream that shows the difference, memcached's replies, and memwire's. `@`
    /// stands for a key of 251 bytes, `~` for a word of 20 000, `%` for a data block of 600 000.
    pub shown: Option<(&'static str, &'static str, &'static str)>,
}

/// In the order of [`Known`].
pub const LEDGER: [Entry; 26] = [
    Entry {
        known: Known::BlockOfBadKey,
        memcached: "if the key of a storage command is too long, reads the data block as commands",
        memwire: "skips the data block",
        why: "a data block is not a command; newer versions skip it, too",
        shown: Some((
            "set @ 0 0 5\r\nget k\r\n",
            "CLIENT_ERROR #\r\nEND\r\n",
            "CLIENT_ERROR #\r\n",
        )),
    },
    Entry {
        known: Known::ControlInKey,
        memcached: "accepts keys with control characters",
        memwire: "rejects them",
        why: "protocol.txt forbids them",
        shown: Some(("get a\x01\r\n", "END\r\n", "CLIENT_ERROR #\r\n")),
    },
    Entry {
        known: Known::Nul,
        memcached: "treats NUL as the end of the line or word",
        memwire: "treats it as an ordinary byte",
        why: "only LF ends a line",
        shown: Some(("get k\0\r\n", "END\r\n", "CLIENT_ERROR #\r\n")),
    },
    Entry {
        known: Known::WhiteSpace,
        memcached: "accepts white space before and after a number, such as a tab",
        memwire: "rejects them",
        why: "only spaces separate words",
        shown: Some(("touch k 1\t\r\n", "NOT_FOUND\r\n", "CLIENT_ERROR #\r\n")),
    },
    Entry {
        known: Known::Minus,
        memcached: "accepts -0 and numbers below -2^63 as unsigned numbers, modulo 2^64",
        memwire: "rejects a minus sign in an unsigned number",
        why: "none of these numbers can be negative; both reject -1",
        shown: Some(("incr k -0\r\n", "NOT_FOUND\r\n", "CLIENT_ERROR #\r\n")),
    },
    Entry {
        known: Known::Flags,
        memcached: "accepts flags up to 2^64 - 1, and keeps the low 32 bits",
        memwire: "rejects flags above 2^32 - 1, without skipping a data block",
        why: "protocol.txt specifies 32 bits; newer versions reject them, too",
        shown: Some(("set k 4294967296 0 1\r\nA\r\n", "STORED\r\n", "CLIENT_ERROR #\r\nERROR\r\n")),
    },
    Entry {
        known: Known::Count,
        memcached: "keeps the low 32 bits of a declared length",
        memwire: "rejects declared lengths above 2147483645",
        why: "a length of 2^32 must not be read as 0",
        shown: Some(("set k 0 0 4294967297\r\nA\r\n", "STORED\r\n", "CLIENT_ERROR #\r\nERROR\r\n")),
    },
    Entry {
        known: Known::Exptime,
        memcached: "keeps the low 32 bits of an exptime or delay",
        memwire: "reads 64 bits",
        why: "Unix times after 2038 have more than 32 bits",
        shown: Some((
            "set k 0 2147483648 1\r\nA\r\nget k\r\n",
            "STORED\r\nEND\r\n",
            "STORED\r\nVALUE k 0 1\r\nA\r\nEND\r\n",
        )),
    },
    Entry {
        known: Known::GatWithoutKey,
        memcached: "replies END to a gat without a key",
        memwire: "replies ERROR",
        why: "as to a get without a key",
        shown: Some(("gat 10\r\n", "END\r\n", "ERROR\r\n")),
    },
    Entry {
        known: Known::GatTouches,
        memcached: "touches the keys of a gat that precede one that is too long",
        memwire: "touches no key",
        why: "a rejected request has no effect",
        shown: Some((
            "set a 0 0 1\r\nA\r\nget a\r\ngat -1 a @\r\nget a\r\n",
            "STORED\r\nVALUE a 0 1\r\nA\r\nEND\r\nCLIENT_ERROR #\r\nEND\r\n",
            "STORED\r\nVALUE a 0 1\r\nA\r\nEND\r\nCLIENT_ERROR #\r\nVALUE a 0 1\r\nA\r\nEND\r\n",
        )),
    },
    Entry {
        known: Known::RepliesLost,
        memcached: "discards pending replies when a get has a key that is too long",
        memwire: "answers each request",
        why: "a bug in 1.6.18; here, such a get starts a new connection",
        shown: Some((
            "delete k\r\nget @\r\n",
            "CLIENT_ERROR #\r\n",
            "NOT_FOUND\r\nCLIENT_ERROR #\r\n",
        )),
    },
    Entry {
        known: Known::EndInBlock,
        memcached: "discards pending replies when the stream ends inside a data block",
        memwire: "answers each request",
        why: "a bug in 1.6.18; here, such a request starts a new connection",
        shown: Some(("delete k\r\nset k 0 0 3\r\n", "", "NOT_FOUND\r\n")),
    },
    Entry {
        known: Known::DeleteNumber,
        memcached: "accepts only the number 0 after the key of a delete",
        memwire: "accepts any number",
        why: "old clients send them; newer versions accept any, too",
        shown: Some(("delete k 10\r\n", "CLIENT_ERROR #\r\n", "NOT_FOUND\r\n")),
    },
    Entry {
        known: Known::Numeric,
        memcached: "treats a value as a number if its text before the first white space or NUL is one",
        memwire: "only if the whole value is one, apart from white space around it",
        why: "neither `1 x` nor -0 is a number",
        shown: Some((
            "set k 0 0 3\r\n1 x\r\nincr k 1\r\n",
            "STORED\r\n2\r\n",
            "STORED\r\nCLIENT_ERROR #\r\n",
        )),
    },
    Entry {
        known: Known::Blank,
        memcached: "if a value consists of white space, reads past its end, and may find digits there",
        memwire: "does not treat it as a number",
        why: "a bug in 1.6.18: it reads the remains of older values",
        shown: None,
    },
    Entry {
        known: Known::Large,
        memcached: "may reject a value of 2^63 or more as a number: it looks for a minus sign after it",
        memwire: "treats it as a number",
        why: "a bug in 1.6.18: it reads the remains of older values; here, a new server decides",
        shown: None,
    },
    Entry {
        known: Known::FlushPast,
        memcached: "a flush_all with a time in the past flushes nothing",
        memwire: "flushes at once",
        why: "a time in the past is due at once",
        shown: Some((
            "set k 0 0 1\r\nA\r\nflush_all 2592001\r\nget k\r\n",
            "STORED\r\nOK\r\nVALUE k 0 1\r\nA\r\nEND\r\n",
            "STORED\r\nOK\r\nEND\r\n",
        )),
    },
    Entry {
        known: Known::FlushLater,
        memcached: "a flush_all with a delay restores items that were flushed before",
        memwire: "keeps them invalid",
        why: "invalidated items must not reappear",
        shown: Some((
            "set k 0 0 1\r\nA\r\nflush_all\r\nflush_all 1000\r\nget k\r\n",
            "STORED\r\nOK\r\nOK\r\nVALUE k 0 1\r\nA\r\nEND\r\n",
            "STORED\r\nOK\r\nOK\r\nEND\r\n",
        )),
    },
    Entry {
        known: Known::LongLine,
        memcached: "closes the connection at a line of more than 2048 bytes that is not a get, if it is split",
        memwire: "accepts lines of up to 2 MiB",
        why: "the meaning of a line must not depend on how it is split",
        shown: Some(("~\r\n", "", "ERROR\r\n")),
    },
    Entry {
        known: Known::Prompt,
        memcached: "rejects a data block when it is complete; an incomplete one gets no reply",
        memwire: "replies at once",
        why: "a reply is sent as soon as it is determined",
        shown: Some(("set k 0 0 2000000\r\n", "", "SERVER_ERROR #\r\n")),
    },
    Entry {
        known: Known::Append,
        memcached: "replies NOT_STORED to an append that would make the value too large",
        memwire: "replies SERVER_ERROR",
        why: "in protocol.txt, NOT_STORED is not an error",
        shown: Some((
            "set k 0 0 600000\r\n%\r\nappend k 0 0 600000\r\n%\r\n",
            "STORED\r\nNOT_STORED\r\n",
            "STORED\r\nSERVER_ERROR #\r\n",
        )),
    },
    Entry {
        known: Known::StatsWords,
        memcached: "ignores words after stats reset",
        memwire: "replies ERROR: there are no such statistics",
        why: "no client sends them",
        shown: Some(("stats reset foo\r\n", "RESET\r\n", "ERROR\r\n")),
    },
    Entry {
        known: Known::OtherCommands,
        memcached: "has more commands and other statistics",
        memwire: "replies ERROR, or its own statistics",
        why: "they are not part of the dialect",
        shown: Some(("mn\r\n", "MN\r\n", "ERROR\r\n")),
    },
    Entry {
        known: Known::OtherProtocols,
        memcached: "closes the connection at some lines of HTTP, perhaps without sending pending \
                    replies, and has a binary protocol",
        memwire: "closes it at every line of HTTP, after the pending replies, and has no binary protocol",
        why: "stops commands that a browser was tricked into sending, and loses no reply",
        shown: Some(("ge / HTTP/1.1\r\n", "ERROR\r\n", "")),
    },
    Entry {
        known: Known::LargestValue,
        memcached: "the largest value has some size near 1 MiB",
        memwire: "another size near 1 MiB",
        why: "the size is not specified",
        shown: None,
    },
    Entry {
        known: Known::Clock,
        memcached: "expires an item within seconds",
        memwire: "may do so in another second",
        why: "each has a clock of its own",
        shown: None,
    },
];

/// The bytes that [`Entry::shown`] stands for.
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
