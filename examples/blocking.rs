//! A server of the simple dialect on blocking sockets, with a thread for each client. The threads
//! share a store in a mutex.
//!
//! `cargo run --example blocking -- 127.0.0.1:11211`

use std::{
    env, io,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Mutex, PoisonError},
    thread,
};

use memwire::{Limits, Progress, Session, dialect::simple::Requests, store::Map};

fn serve(mut stream: TcpStream, store: &Mutex<Map>) -> io::Result<()> {
    let mut session = Session::<Requests>::new(Limits::default());
    let (mut buffer, mut replies) = ([0; 4096], Vec::new());
    loop {
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            return session.finish().map_err(io::Error::from);
        }
        let mut chunk = &buffer[..length];
        loop {
            let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
            let progress = session.advance(&mut *store, 0, &mut chunk, &mut replies);
            drop(store);
            stream.write_all(&replies)?;
            replies.clear();
            match progress {
                Progress::NeedInput => break,
                Progress::OutputFull => {}
                Progress::Close => return Ok(()),
            }
        }
    }
}

fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:11211".to_owned());
    let listener = TcpListener::bind(address)?;
    writeln!(io::stdout(), "listening on {}", listener.local_addr()?)?;
    let store = Mutex::new(Map::new());
    thread::scope(|scope| {
        for stream in listener.incoming() {
            let (stream, store) = (stream?, &store);
            scope.spawn(move || {
                if let Err(error) = serve(stream, store) {
                    // Not `eprintln!`, which panics if standard error is closed.
                    let _ = writeln!(io::stderr(), "a connection failed: {error}");
                }
            });
        }
        Ok(())
    })
}
