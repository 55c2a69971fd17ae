//! Streams of `simple` commands and replies, valid and damaged, built from the bytes that a fuzzer
//! mutates.

use arbitrary::Arbitrary;

/// Commands and replies, and a split of them.
#[derive(Clone, Debug, Arbitrary)]
pub struct Commands {
    pieces: Vec<Piece>,
    /// How long each chunk but the last is.
    chunks: Vec<u8>,
}

#[derive(Clone, Debug, Arbitrary)]
enum Piece {
    Get(Vec<Word>, End),
    /// `VALUE` if `true`, else `set`; the key, the declared length, the end of the line, the data
    /// block, and the end of the block.
    Block(bool, Word, Count, End, Vec<u8>, End),
    Reply(Verb, Option<Vec<u8>>, End),
    Damage(Vec<u8>),
}

#[derive(Clone, Debug, Arbitrary)]
enum Word {
    K,
    Long(u8),
    Any(Vec<u8>),
}

#[derive(Clone, Debug, Arbitrary)]
enum Count {
    Right,
    Off(i8),
    Zeros,
    Large(u64),
    Past64Bits,
    Any(Vec<u8>),
}

#[derive(Clone, Debug, Arbitrary)]
enum Verb {
    Stored,
    End,
    Error,
    ClientError,
    ServerError,
}

#[derive(Clone, Debug, Arbitrary)]
enum End {
    Lf,
    Right,
    CrLf,
    Spaces,
    Missing,
}

impl Commands {
    /// The bytes, and the offsets at which they are split.
    #[must_use]
    pub fn parts(&self) -> (Vec<u8>, Vec<usize>) {
        let mut bytes = Vec::new();
        for piece in &self.pieces {
            piece.put(&mut bytes);
        }
        let mut at = 0;
        let split = self.chunks.iter().map(|length| {
            at += usize::from(*length);
            at
        });
        let split = split.take_while(|at| *at <= bytes.len()).collect();
        (bytes, split)
    }
}

impl Piece {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Get(keys, end) => {
                out.extend_from_slice(b"get");
                for key in keys {
                    out.push(b' ');
                    key.put(out);
                }
                end.put(out);
            }
            Self::Block(reply, key, count, line_end, block, end) => {
                out.extend_from_slice(if *reply { b"VALUE " } else { b"set " });
                key.put(out);
                out.push(b' ');
                count.put(block.len(), out);
                line_end.put(out);
                out.extend_from_slice(block);
                end.put(out);
            }
            Self::Reply(verb, text, end) => {
                out.extend_from_slice(match verb {
                    Verb::Stored => b"STORED",
                    Verb::End => b"END",
                    Verb::Error => b"ERROR",
                    Verb::ClientError => b"CLIENT_ERROR",
                    Verb::ServerError => b"SERVER_ERROR",
                });
                if let Some(text) = text {
                    out.push(b' ');
                    out.extend_from_slice(text);
                }
                end.put(out);
            }
            Self::Damage(bytes) => out.extend_from_slice(bytes),
        }
    }
}

impl Word {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::K => out.push(b'k'),
            Self::Long(length) => out.extend((0..*length).map(|_| b'k')),
            Self::Any(bytes) => out.extend_from_slice(bytes),
        }
    }
}

impl Count {
    fn put(&self, right: usize, out: &mut Vec<u8>) {
        let text = match self {
            Self::Right => right.to_string(),
            Self::Off(by) => right.saturating_add_signed((*by).into()).to_string(),
            Self::Zeros => format!("000{right}"),
            Self::Large(count) => count.to_string(),
            Self::Past64Bits => "18446744073709551616".to_owned(),
            Self::Any(bytes) => return out.extend_from_slice(bytes),
        };
        out.extend_from_slice(text.as_bytes());
    }
}

impl End {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(match self {
            Self::Lf | Self::Right => b"\n",
            Self::CrLf => b"\r\n",
            Self::Spaces => b"  \n",
            Self::Missing => b"",
        });
    }
}
