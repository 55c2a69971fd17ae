//! A server of the simple dialect on mio: one thread, no locks, and no client blocks the others.
//!
//! `cargo run --example mio -- 127.0.0.1:11211`

use std::{collections::HashMap, env, io, io::Read as _, io::Write as _};

use memwire::{Limits, Progress, Session, dialect::simple::Requests, store::Map};
use mio::{Events, Interest, Poll, Token, net::TcpListener, net::TcpStream};

struct Client {
    stream: TcpStream,
    session: Session<Requests>,
    unread: Vec<u8>,
    unsent: Vec<u8>,
    /// Whether the client sent `quit`.
    closing: bool,
}

impl Client {
    /// Reads, serves and sends until the socket would block, which is an `Err`. `Ok`: the
    /// connection is finished.
    fn advance(&mut self, store: &mut Map) -> io::Result<()> {
        loop {
            while !self.unsent.is_empty() {
                let sent = self.stream.write(&self.unsent)?;
                self.unsent.drain(..sent);
            }
            let mut chunk = self.unread.as_slice();
            let progress = self.session.advance(store, 0, &mut chunk, &mut self.unsent);
            self.unread = chunk.to_vec();
            self.closing |= progress == Progress::Close;
            if !self.unsent.is_empty() || progress == Progress::OutputFull {
                continue;
            }
            if self.closing {
                return Ok(());
            }
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer)? {
                0 => return Ok(()),
                length => self.unread.extend_from_slice(&buffer[..length]),
            }
        }
    }
}

fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:11211".to_owned());
    let mut listener = TcpListener::bind(address.parse().map_err(io::Error::other)?)?;
    writeln!(io::stdout(), "listening on {}", listener.local_addr()?)?;
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(64));
    poll.registry().register(&mut listener, Token(0), Interest::READABLE)?;
    let (mut clients, mut store) = (HashMap::new(), Map::new());
    let mut token = Token(0);
    loop {
        poll.poll(&mut events, None)?;
        while let Ok((mut stream, _)) = listener.accept() {
            token.0 += 1;
            let both = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut stream, token, both)?;
            let session = Session::new(Limits::default());
            let (unread, unsent, closing) = (vec![], vec![], false);
            clients.insert(token, Client { stream, session, unread, unsent, closing });
        }
        // A finished or failed connection is dropped; one that would block is kept.
        clients.retain(|_, client| match client.advance(&mut store) {
            Ok(()) => false,
            Err(error) => error.kind() == io::ErrorKind::WouldBlock,
        });
    }
}
