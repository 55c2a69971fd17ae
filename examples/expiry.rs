//! A session of the classic dialect without a transport: the caller passes the time, and an item
//! expires.

use std::io::{self, Write as _};

use memwire::{Limits, Progress, Session, dialect::classic::Requests, store::Map};

fn main() -> io::Result<()> {
    let mut store = Map::new();
    let mut session = Session::<Requests>::new(Limits::default());
    let mut replies = Vec::new();
    let start = 1_800_000_000;

    let requests: [(u64, &[u8]); 4] = [
        (0, b"set session 7 60 5\r\nalice\r\n"),
        (59, b"gets session\r\n"),
        (60, b"get session\r\n"),
        (61, b"quit\r\nget session\r\n"),
    ];
    for (seconds, mut input) in requests {
        loop {
            // Unix time in seconds: the session reads no clock of its own.
            let progress = session.advance(&mut store, start + seconds, &mut input, &mut replies);
            io::stdout().write_all(&replies)?;
            replies.clear();
            match progress {
                Progress::NeedInput => break,
                Progress::OutputFull => {}
                Progress::Close => return writeln!(io::stdout(), "(the client sent quit)"),
            }
        }
    }
    Ok(())
}
