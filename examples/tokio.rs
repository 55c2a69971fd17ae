//! A server of the simple dialect on tokio, with a task for each client.
//!
//! `cargo run --example tokio -- 127.0.0.1:11211`

use std::{
    env,
    io::{self, Write as _},
    sync::Arc,
};

use memwire::{Limits, Progress, Session, dialect::simple::Requests, store::Map};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Mutex,
};

async fn serve(mut stream: TcpStream, store: Arc<Mutex<Map>>) -> io::Result<()> {
    let mut session = Session::<Requests>::new(Limits::default());
    let (mut buffer, mut replies) = (vec![0; 4096], Vec::new());
    loop {
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            return session.finish().map_err(io::Error::from);
        }
        let mut chunk = &buffer[..length];
        loop {
            let mut store = store.lock().await;
            let progress = session.advance(&mut *store, 0, &mut chunk, &mut replies);
            drop(store);
            stream.write_all(&replies).await?;
            replies.clear();
            match progress {
                Progress::NeedInput => break,
                Progress::OutputFull => {}
                Progress::Close => return Ok(()),
            }
        }
    }
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:11211".to_owned());
    let listener = TcpListener::bind(address).await?;
    writeln!(io::stdout(), "listening on {}", listener.local_addr()?)?;
    let store = Arc::new(Mutex::new(Map::new()));
    loop {
        let (stream, _) = listener.accept().await?;
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            if let Err(error) = serve(stream, store).await {
                // Not `eprintln!`, which panics if standard error is closed.
                let _ = writeln!(io::stderr(), "a connection failed: {error}");
            }
        });
    }
}
