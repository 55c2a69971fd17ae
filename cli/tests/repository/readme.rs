//! The commands and conversations in the README give the output that it shows.

use std::process::Command;

use crate::{
    paths::read,
    process::{PROGRAM, Server, text},
};

/// What follows this line up to the end of its fence.
fn block(first: &str) -> String {
    let readme = read("README.md");
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

    let replies = Server::start(&[]).exchange(&[typed.as_bytes()]);
    assert_eq!(text(&replies), printed);
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
