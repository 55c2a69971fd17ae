//! The vectors of `simple` over TCP, under many splits of what the server reads.

use std::{
    io,
    iter::{self, Peekable},
    pin::Pin,
    slice,
    task::{Context, Poll, ready},
};

use memwire::{Limits, dialect::simple::Requests};
use memwire_conformance::{
    dialect::SIMPLE,
    vectors::{Suite, Vector},
};
use memwire_server::{Cache, ConnectionOptions, serve_connection};
use memwire_testing::laws;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    net::{TcpListener, TcpStream},
    runtime,
    sync::watch,
};

/// The vectors that expect something.
fn judged() -> Vec<Vector> {
    let mut vectors = Suite::from_json(SIMPLE.suite).expect("the vectors can be read").vectors;
    vectors.retain(|vector| vector.level.is_some());
    vectors
}

/// Over real sockets: the server's reads end where the stream is split.
#[test]
fn tcp_agrees_under_every_split() {
    let runtime = runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
    for vector in judged() {
        let stream = vector.sent();
        runtime.block_on(async {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
            for split in laws::splits::<Requests>(Limits::DEFAULT, &stream) {
                let answers = over_tcp(&listener, &stream, &split).await;
                check(&vector, &format!("TCP, split at {split:?}"), &answers);
            }
        });
    }
}

async fn over_tcp(listener: &TcpListener, stream: &[u8], splits: &[usize]) -> Vec<u8> {
    let address = listener.local_addr().expect("an address");
    let (client, server) = tokio::join!(TcpStream::connect(address), listener.accept());
    let (client, (server, _)) = (client.expect("a connection"), server.expect("a connection"));
    let splits = splits.iter().copied().peekable();
    let server = Split { stream: server, splits, read: 0 };
    let store = Cache::new(16 << 20, 2 << 20);
    let (_keep, stop) = watch::channel(false);
    let serving = async {
        // A truncated stream is an error here, which other tests check.
        let _ = serve_connection::<Requests, _>(server, &store, ConnectionOptions::default(), stop)
            .await;
    };
    let (mut replies, mut requests) = client.into_split();
    let sending = async {
        requests.write_all(stream).await.expect("the server reads");
        requests.shutdown().await.expect("the end of the stream is sent");
    };
    let mut answers = Vec::new();
    let ((), (), result) = tokio::join!(serving, sending, replies.read_to_end(&mut answers));
    result.expect("the server answers, and closes");
    answers
}

/// A stream whose reads end at these offsets.
struct Split<'c> {
    stream: TcpStream,
    splits: Peekable<iter::Copied<slice::Iter<'c, usize>>>,
    read: usize,
}

impl AsyncRead for Split<'_> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { stream, splits, read } = self.get_mut();
        while splits.next_if(|split| *split <= *read).is_some() {}
        let most = splits.peek().map_or(usize::MAX, |split| split - *read).min(buffer.remaining());
        let mut chunk = ReadBuf::new(buffer.initialize_unfilled_to(most));
        ready!(Pin::new(stream).poll_read(context, &mut chunk))?;
        let length = chunk.filled().len();
        buffer.advance(length);
        *read += length;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Split<'_> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

fn check(vector: &Vector, who: &str, answers: &[u8]) {
    assert!(
        vector.expected().matches(answers),
        "{}: {who} answers {}",
        vector.id,
        answers[..answers.len().min(2000)].escape_ascii(),
    );
}
