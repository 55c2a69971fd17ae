//! What is under test, and how it is reached.

use std::{
    collections::HashSet,
    fmt, io,
    net::Ipv4Addr,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite},
    net::{TcpSocket, TcpStream},
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

/// How long a server has to listen after it was started.
const START: Duration = Duration::from_secs(10);

/// How long a connection may take to be accepted: a server under load lets some wait, and the
/// system asks again after seconds.
const CONNECT: Duration = Duration::from_secs(10);

/// How long nobody may listen.
const REFUSED: Duration = Duration::from_secs(2);

/// So much of what a process says last on its standard error, and a server on its standard output,
/// is kept.
const LAST_WORDS: usize = 2048;

/// As it was named on the command line.
#[derive(Clone, Debug)]
pub(super) enum Subject {
    /// A server that is running.
    Tcp(String),
    /// A command that starts a server on the port that it is given.
    Spawn(String),
    /// A command that reads requests and writes replies.
    Stdio(String),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(text) | Self::Spawn(text) | Self::Stdio(text) => f.write_str(text),
        }
    }
}

/// A subject that can be connected to.
#[derive(Clone, Debug)]
pub(super) enum Host {
    Address(String, Option<Arc<Process>>),
    Command(String),
}

impl Subject {
    /// Whether all that is said to it stays in one store.
    pub fn is_shared(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }

    /// Whether it sees whole streams, and nobody waits for a reply before the next request.
    pub fn is_filter(&self) -> bool {
        matches!(self, Self::Stdio(_))
    }

    /// With an empty store, unless it is shared.
    pub async fn host(&self) -> Result<Host, String> {
        match self {
            Self::Tcp(address) => Ok(Host::Address(address.clone(), None)),
            Self::Stdio(command) => Ok(Host::Command(command.clone())),
            Self::Spawn(command) => {
                // The port may be taken between its choice and its use.
                for _ in 0..2 {
                    if let Ok(host) = spawn(command).await {
                        return Ok(host);
                    }
                }
                spawn(command).await
            }
        }
    }
}

async fn spawn(command: &str) -> Result<Host, String> {
    let port = Port::choose().map_err(|error| format!("no port is free: {error}"))?;
    let command = command.replace("{port}", &port.number.to_string());
    let (process, _, _) = Process::start(&command, Some(port), Stdio::null())?;
    let address = format!("127.0.0.1:{}", process.port());
    let since = Instant::now();
    loop {
        let connected = TcpStream::connect(&address).await;
        if let Some((status, _)) = process.ended() {
            let said = process.last_words().await;
            return Err(format!("`{command}` ended at once, with {status}{said}"));
        }
        if connected.is_ok() {
            return Ok(Host::Address(address, Some(Arc::new(process))));
        }
        if since.elapsed() > START {
            let said = process.last_words().await;
            let seconds = START.as_secs();
            return Err(format!(
                "`{command}` does not listen on {address} after {seconds} s{said}"
            ));
        }
        sleep(Duration::from_millis(5)).await;
    }
}

/// A port that no other process of this run is given, nor, on Linux, of another one.
#[derive(Debug)]
struct Port {
    number: u16,
    #[cfg(target_os = "linux")]
    _claim: std::os::unix::net::UnixDatagram,
}

static PORTS: Mutex<Option<HashSet<u16>>> = Mutex::new(None);

impl Port {
    fn choose() -> io::Result<Self> {
        loop {
            // It does not listen: where another one's server is about to, who waits for that server
            // would be connected to this.
            let socket = TcpSocket::new_v4()?;
            socket.set_reuseaddr(true)?;
            socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
            if let Some(port) = Self::claim(socket.local_addr()?.port())? {
                return Ok(port);
            }
        }
    }

    /// `None`: it is another one's.
    fn claim(number: u16) -> io::Result<Option<Self>> {
        // A name that belongs to the same network as the port, and goes with the process.
        #[cfg(target_os = "linux")]
        let claim = {
            use std::os::{
                linux::net::SocketAddrExt as _,
                unix::net::{SocketAddr, UnixDatagram},
            };
            let name = SocketAddr::from_abstract_name(format!("memwire conform, port {number}"))?;
            match UnixDatagram::bind_addr(&name) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Ok(None),
                claim => claim?,
            }
        };
        let mut ports = PORTS.lock().unwrap_or_else(PoisonError::into_inner);
        if !ports.get_or_insert_default().insert(number) {
            return Ok(None);
        }
        Ok(Some(Self {
            number,
            #[cfg(target_os = "linux")]
            _claim: claim,
        }))
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        let mut ports = PORTS.lock().unwrap_or_else(PoisonError::into_inner);
        ports.get_or_insert_default().remove(&self.number);
    }
}

type Reader = Box<dyn AsyncRead + Send + Unpin>;
type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// A process, with all that it starts: a group that is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Process {
    child: Mutex<Child>,
    group: Option<Pid>,
    words: Arc<Mutex<Vec<u8>>>,
    port: Option<Port>,
}

impl Process {
    fn start(
        command: &str,
        port: Option<Port>,
        stdin: Stdio,
    ) -> Result<(Self, Option<Writer>, Option<Reader>), String> {
        let is_filter = port.is_none();
        let mut child = Command::new("sh")
            .args(["-c", command])
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("cannot start a shell for `{command}`: {error}"))?;
        let group = child.id().and_then(|id| Some(Pid::from_raw(id.try_into().ok()?)));
        let words = Arc::new(Mutex::new(vec![]));
        if let Some(stderr) = child.stderr.take() {
            listen(stderr, &words);
        }
        let mut reader = None;
        if let Some(stdout) = child.stdout.take() {
            if is_filter {
                reader = Some(Box::new(stdout) as Reader);
            } else {
                listen(stdout, &words);
            }
        }
        let writer = child.stdin.take().map(|stdin| Box::new(stdin) as Writer);
        Ok((Self { child: Mutex::new(child), group, words, port }, writer, reader))
    }

    fn port(&self) -> u16 {
        self.port.as_ref().map_or(0, |port| port.number)
    }

    /// How it ended, if it has, and if that is how a process ends that is all right.
    pub fn ended(&self) -> Option<(String, bool)> {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let status = child.try_wait().ok().flatten()?;
        // A shell that runs it says 128 and more where a signal ended it.
        Some((status.to_string(), status.code().is_some_and(|code| code < 128)))
    }

    /// How it ends, if it does so in time.
    pub async fn end(&self, patience: Duration) -> Option<(String, bool)> {
        let since = Instant::now();
        loop {
            let ended = self.ended();
            if ended.is_some() {
                return ended;
            }
            if since.elapsed() > patience {
                return None;
            }
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// What it said last, to be put behind a message.
    pub async fn last_words(&self) -> String {
        // They may still be on their way.
        sleep(Duration::from_millis(20)).await;
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        let words = String::from_utf8_lossy(&words);
        let words = words.trim();
        if words.is_empty() { String::new() } else { format!("; it said: {words}") }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            // It fails if all of the group have ended.
            let _ = killpg(group, Signal::SIGKILL);
        }
    }
}

/// Reads to the end, so that nobody waits for a place in a pipe, and keeps the last of it.
fn listen(mut from: impl AsyncRead + Send + Unpin + 'static, words: &Arc<Mutex<Vec<u8>>>) {
    let words = Arc::clone(words);
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
            words.extend_from_slice(&buffer[..length]);
            let old = words.len().saturating_sub(LAST_WORDS);
            words.drain(..old);
        }
    });
}

/// A stream to a subject, and one from it.
pub(super) struct Link {
    pub reader: Reader,
    /// Dropped at the end of the stream, where the subject sees that.
    pub writer: Option<Writer>,
    /// The process at the other end of it, if it has one of its own.
    pub process: Option<Process>,
}

impl Host {
    /// Connects, or starts a process of its own.
    pub async fn link(&self) -> Result<Link, String> {
        match self {
            Self::Command(command) => {
                let (process, writer, reader) = Process::start(command, None, Stdio::piped())?;
                let reader = reader.ok_or("no standard output")?;
                Ok(Link { reader, writer, process: Some(process) })
            }
            Self::Address(address, _) => {
                let since = Instant::now();
                loop {
                    let error = match timeout(CONNECT, TcpStream::connect(address)).await {
                        Ok(Ok(stream)) => {
                            let _ = stream.set_nodelay(true);
                            let (reader, writer) = stream.into_split();
                            let (reader, writer) = (Box::new(reader), Box::new(writer));
                            return Ok(Link { reader, writer: Some(writer), process: None });
                        }
                        Ok(Err(error)) => error.to_string(),
                        Err(_) => "nobody accepts the connection".to_owned(),
                    };
                    if since.elapsed() > REFUSED {
                        return Err(format!("cannot connect to {address}: {error}"));
                    }
                    sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }

    /// What the server said last, to be put behind a message.
    pub async fn last_words(&self) -> String {
        match self {
            Self::Address(_, Some(process)) => process.last_words().await,
            Self::Address(_, None) | Self::Command(_) => String::new(),
        }
    }

    /// How the server ended, if it has.
    pub async fn crashed(&self) -> Option<String> {
        match self {
            Self::Address(_, Some(process)) => {
                let (status, _) = process.end(Duration::from_millis(100)).await?;
                Some(format!("the server ended, with {status}{}", process.last_words().await))
            }
            Self::Address(address, None) => {
                let connecting = timeout(REFUSED, TcpStream::connect(address)).await;
                // One that has no time for us is not gone.
                matches!(connecting, Ok(Err(_)))
                    .then(|| format!("nobody listens on {address} any more"))
            }
            Self::Command(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_is_given_once() {
        let port = Port::choose().expect("a port is free");
        let number = port.number;
        assert!(Port::claim(number).expect("it can be asked").is_none());
        // As if the one who has it were another process.
        PORTS.lock().expect("nobody panics").get_or_insert_default().remove(&number);
        assert_eq!(
            Port::claim(number).expect("it can be asked").is_none(),
            cfg!(target_os = "linux")
        );
        drop(port);
        assert!(Port::claim(number).expect("it can be asked").is_some());
    }
}
