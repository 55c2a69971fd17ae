//! A server's life, started and stopped through the library.

use std::{env, fs, io::ErrorKind, process, time::Duration};

use memwire_server::{Address, Config, Dialect, Server, StartError};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpStream, UnixStream},
    runtime,
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};

/// Long enough for a loaded machine; nothing waits for it unless it fails.
const PATIENCE: Duration = Duration::from_mins(1);

fn run(test: impl Future<Output = ()>) {
    let runtime = runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let test = async { timeout(PATIENCE, test).await.expect("the test ends") };
    runtime.expect("a runtime").block_on(test);
}

fn on_any_port() -> Config {
    Config::new(Dialect::Classic).with_address(([127, 0, 0, 1], 0).into())
}

/// Where it listens, how to stop it, and its task.
fn start(config: Config) -> (Vec<Address>, oneshot::Sender<()>, JoinHandle<()>) {
    let server = Server::bind(config).expect("it starts");
    let addresses = server.addresses();
    let (stop, stopped) = oneshot::channel();
    let serving = tokio::spawn(async {
        let stopped = async { stopped.await.expect("the test stops it") };
        server.serve(stopped).await.expect("it serves");
    });
    (addresses, stop, serving)
}

async fn connect(address: &Address) -> TcpStream {
    TcpStream::connect(address.to_string()).await.expect("it accepts")
}

async fn ask(client: &mut (impl AsyncRead + AsyncWrite + Unpin), request: &str, due: &str) {
    client.write_all(request.as_bytes()).await.expect("the server reads");
    let mut reply = vec![0; due.len()];
    client.read_exact(&mut reply).await.expect("the server replies");
    assert_eq!(String::from_utf8_lossy(&reply), due);
}

#[test]
fn clients_are_served_until_it_is_stopped() {
    run(async {
        let path = env::temp_dir().join(format!("memwire-server-{}", process::id()));
        let (addresses, stop, serving) = start(on_any_port().with_unix_socket(&path, 0o700));
        assert_eq!(addresses[1], Address::Unix(path.clone()));
        let mut tcp = connect(&addresses[0]).await;
        ask(&mut tcp, "set k 0 0 1\r\nv\r\n", "STORED\r\n").await;
        let mut unix = UnixStream::connect(&path).await.expect("it accepts");
        ask(&mut unix, "get k\r\n", "VALUE k 0 1\r\nv\r\nEND\r\n").await;

        stop.send(()).expect("it serves");
        for closed in [tcp.read_u8().await, unix.read_u8().await] {
            assert_eq!(closed.expect_err("it closes").kind(), ErrorKind::UnexpectedEof);
        }
        serving.await.expect("no panic");
        assert!(!fs::exists(&path).expect("the folder is there"));
    });
}

/// Two threads serve, as the runtime has two.
#[test]
fn the_configuration_is_reported() {
    run(async {
        let config = on_any_port()
            .with_connection_limit(7)
            .with_idle_timeout(Some(Duration::from_secs(9)))
            .with_memory(16 << 20)
            .with_item_size(Some(2048))
            .with_flush_all(false)
            .with_backlog(5)
            .with_verbosity(1);
        let (addresses, _stop, _serving) = start(config);
        let Address::Tcp(address) = addresses[0] else { panic!("{addresses:?}") };
        let mut client = connect(&addresses[0]).await;
        let settings = [
            ("maxbytes", "16777216"),
            ("maxconns", "7"),
            ("tcpport", &address.port().to_string()),
            ("udpport", "0"),
            ("verbosity", "1"),
            ("evictions", "on"),
            ("domain_socket", "NULL"),
            ("num_threads", "2"),
            ("cas_enabled", "yes"),
            ("item_size_max", "2048"),
            ("tcp_backlog", "5"),
            ("binding_protocol", "ascii"),
            ("auth_enabled_sasl", "no"),
            ("auth_enabled_ascii", "no"),
            ("flush_enabled", "no"),
            ("idle_timeout", "9"),
        ];
        let lines = settings.map(|(name, value)| format!("STAT {name} {value}\r\n"));
        ask(&mut client, "stats settings\r\n", &(lines.concat() + "END\r\n")).await;
    });
}

#[test]
fn connections_of_a_dropped_server_end_at_once() {
    run(async {
        let (addresses, _stop, serving) = start(on_any_port());
        let mut client = connect(&addresses[0]).await;
        ask(&mut client, "get k\r\n", "END\r\n").await;
        // Half a request, for which a server that shuts down gracefully does not wait either.
        client.write_all(b"set k 0 0 1\r\n").await.expect("the server reads");
        serving.abort();
        assert!(client.read_u8().await.is_err());
        assert!(serving.await.expect_err("it did not end by itself").is_cancelled());
    });
}

#[test]
fn impossible_configurations_are_rejected() {
    let nowhere = Server::bind(Config::new(Dialect::Simple)).expect_err("no address");
    assert!(matches!(nowhere, StartError::NoAddress), "{nowhere}");

    let small = on_any_port().with_memory(4 << 20).with_item_size(Some(1 << 20));
    assert!(small.effective_item_size().is_err());
    let small = Server::bind(small).expect_err("too little memory");
    assert!(
        matches!(small, StartError::MemoryTooSmall { least, .. } if least > 4 << 20),
        "{small}"
    );

    let first = Server::bind(on_any_port()).expect("it starts");
    let Address::Tcp(address) = first.addresses()[0] else { panic!("TCP was configured") };
    let config = Config::new(Dialect::Classic).with_address(address);
    let second = Server::bind(config).expect_err("the port is taken");
    assert!(second.to_string().starts_with(&format!("cannot listen on {address}: ")), "{second}");
}
