//! What the README shows is what happens.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    path::Path,
    process::{Command, Stdio},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_memwire");

/// What follows this line up to the end of its fence.
fn block(first: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(path).expect("the README");
    let (_, rest) = readme.split_once(&format!("\n{first}\n")).expect("the block");
    rest.split_once("```").expect("the end of the fence").0.to_owned()
}

#[test]
fn the_conversation() {
    let shown = block("$ nc 127.0.0.1 11211");
    let line = |line: &str| format!("{line}\n");
    let typed: String = shown.lines().filter_map(|l| l.strip_prefix("> ")).map(line).collect();
    let printed: String = shown.lines().filter(|l| !l.starts_with("> ")).map(line).collect();
    assert!(typed.len() > 20 && printed.len() > 20, "{shown}");

    let mut server = Command::new(PROGRAM)
        .args(["serve", "-p", "0"])
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut told = String::new();
    let mut stderr = BufReader::new(server.stderr.take().expect("a pipe"));
    stderr.read_line(&mut told).expect("it tells its address");
    let address = told.split_whitespace().last().expect("an address");
    let mut client = TcpStream::connect(address).expect("it accepts");
    client.write_all(typed.as_bytes()).expect("it reads");
    client.shutdown(Shutdown::Write).expect("the stream ends");
    let mut replies = String::new();
    let read = client.read_to_string(&mut replies);
    server.kill().expect("it is still there");
    server.wait().expect("it ends");
    read.expect("it answers, and closes");
    assert_eq!(replies, printed);
}

#[test]
#[cfg(unix)]
fn the_first_command() {
    let first = r"$ printf 'set greeting 5\nhello\nget greeting missing\n' | cargo run --release --quiet -- run";
    let command = first.replace("cargo run --release --quiet --", PROGRAM);
    let output = Command::new("sh").args(["-c", &command[2..]]).output().expect("a shell");
    assert_eq!(String::from_utf8_lossy(&output.stdout), block(first));
    assert!(output.status.success());
}
