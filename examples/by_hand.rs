//! The machine without a transport: chunks are pushed by hand, and each step is printed.

use std::io::{self, Write};

use memwire::{Limits, Machine, Step, dialect::simple::Requests};

fn push(machine: &mut Machine<Requests>, mut chunk: &[u8], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "push {}", chunk.escape_ascii())?;
    loop {
        match machine.step(&mut chunk) {
            // All of the chunk is consumed; an incomplete message is buffered in the machine.
            Step::NeedMore => break writeln!(out, "  {:?}", machine.state()),
            // It borrows the chunk, or the machine: use it before the next step.
            Step::Dispatch(request) => writeln!(out, "  {request:?}")?,
            Step::Reject(error) => writeln!(out, "  rejected: {error}")?,
        }
    }
}

fn main() -> io::Result<()> {
    let mut machine = Machine::<Requests>::new(Limits::default());
    let out = &mut io::stdout();

    // A read may deliver half a request, or two and a half.
    push(&mut machine, b"set gre", out)?;
    push(&mut machine, b"eting 5\nhel", out)?;
    push(&mut machine, b"lo\nget greeting other\nge", out)?;
    push(&mut machine, b"t greeting\n", out)?;

    // The length says where a value ends. This one is a newline and text that looks like a command.
    push(&mut machine, b"set k 6\n\nget k\n", out)?;

    // An invalid request is rejected at the byte that makes it invalid; the rest of it is skipped.
    push(&mut machine, b"set k 3\nabcd", out)?;
    push(&mut machine, b"ef\nget k\n", out)?;
    push(&mut machine, b"set k 99999999999\nab", out)?;

    // The stream may end inside a request.
    if let Err(truncated) = machine.finish() {
        writeln!(out, "{truncated}")?;
    }
    Ok(())
}
