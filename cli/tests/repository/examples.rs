//! The examples work: servers answer, clients read, and each state is shown.

use std::{
    env,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use memwire::simulate;

use crate::process::{PATIENCE, Server, text};

/// Cargo builds the examples with the tests of the whole workspace, in a folder next to theirs.
fn example(name: &str) -> PathBuf {
    let test = env::current_exe().expect("this test");
    let folder = test.parent().and_then(|deps| deps.parent()).expect("a folder");
    let path = folder.join("examples").join(name);
    assert!(path.exists(), "there is no {name}: run `cargo build -p memwire --examples` first");
    path
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail if it has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serves(name: &str) {
    let mut command = Command::new(example(name));
    let command = command.arg("127.0.0.1:0").stdout(Stdio::piped()).stderr(Stdio::null());
    let mut running = Running(command.spawn().expect("it starts"));
    let mut line = String::new();
    let mut stdout = BufReader::new(running.0.stdout.take().expect("a pipe"));
    stdout.read_line(&mut line).expect("it prints its address");
    let address = line.trim_end().strip_prefix("listening on ").expect("an address");

    let big = [b"set big 1000000\n", &vec![b'\n'; 1_000_000][..], b"\n"].concat();
    let requests = [&big[..], b"set k 3\na\nb\nget k x\nfrob\nget big k big\nset k 3\nab"].concat();
    let mut idle = TcpStream::connect(address).expect("it accepts");
    for size in [1, 1000, 100_000] {
        let client = TcpStream::connect(address).expect("it accepts");
        client.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let requests = if size == 1 { &requests[big.len()..][..30] } else { &requests };
        let mut replies = Vec::new();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for piece in requests.chunks(size) {
                    (&client).write_all(piece).expect("it reads");
                }
                client.shutdown(Shutdown::Write).expect("the stream ends");
            });
            (&client).read_to_end(&mut replies).expect("it answers, and closes");
        });
        assert!(replies == simulate(requests), "{name}, in pieces of {size}");
    }
    idle.write_all(b"get k\n").expect("it reads");
    let mut reply = [0; 16];
    idle.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    idle.read_exact(&mut reply).expect("clients share the store");
    assert_eq!(text(&reply), "VALUE k 3\na\nb\nEN");
}

#[test]
fn blocking_serves() {
    serves("blocking");
}

#[test]
fn tokio_serves() {
    serves("tokio");
}

#[test]
fn mio_serves() {
    serves("mio");
}

#[test]
fn the_client_reads_replies() {
    let server = Server::start(&[]);
    let address = server.address().to_string();
    let output = Command::new(example("client")).arg(address).output().expect("it starts");
    let expected = "Stored\nValue { key: \"greeting\", value: \"hello,\\nworld\" }\nEnd\n";
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), expected.to_owned()));
}

#[test]
fn by_hand_shows_each_state() {
    let output = Command::new(example("by_hand")).output().expect("it starts");
    let expected = r#"push set gre
  AwaitingLine
push eting 5\nhel
  AwaitingValue(3)
push lo\nget greeting other\nge
  Set { key: "greeting", value: "hello" }
  Get(["greeting", "other"])
  AwaitingLine
push t greeting\n
  Get(["greeting"])
  AwaitingLine
push set k 6\n\nget k\n
  Set { key: "k", value: "\nget k" }
  AwaitingLine
push set k 3\nabcd
  rejected: the data block is not followed by LF
  SkippingLine
push ef\nget k\n
  Get(["k"])
  AwaitingLine
push set k 99999999999\nab
  rejected: the value is too large
  SkippingBlock(99999999998)
input ends at byte 109, inside what begins at byte 89: SkippingBlock(99999999998), it was rejected, and its data block is not complete
"#;
    assert_eq!(text(&output.stdout), expected);
}
