//! The machine in no transport at all: bytes are pushed by hand, and each step is printed.

use memwire::{Limits, Machine, Step, dialect::simple::Requests};

fn push(machine: &mut Machine<Requests>, mut chunk: &[u8]) {
    println!("push {}", chunk.escape_ascii());
    loop {
        match machine.step(&mut chunk) {
            // All of the chunk is taken; what it left open is kept in the machine.
            Step::NeedMore => break println!("  {:?}", machine.state()),
            // It borrows the chunk, or the machine: use it before the next step.
            Step::Dispatch(request) => println!("  {request:?}"),
            Step::Refuse(refusal) => println!("  refused: {refusal}"),
        }
    }
}

fn main() {
    let mut machine = Machine::<Requests>::new(Limits::default());

    // Requests come as the network likes: half a line, or two and a half.
    push(&mut machine, b"set gre");
    push(&mut machine, b"eting 5\nhel");
    push(&mut machine, b"lo\nget greeting other\nge");
    push(&mut machine, b"t greeting\n");

    // A value is counted. Here it is a newline, and what would be a command elsewhere.
    push(&mut machine, b"set k 6\n\nget k\n");

    // What is wrong is refused as soon as that is certain, and then skipped.
    push(&mut machine, b"set k 3\nabcd");
    push(&mut machine, b"ef\nget k\n");
    push(&mut machine, b"set k 99999999999\nab");

    // The end of the stream is something to be told, too.
    if let Err(truncated) = machine.finish() {
        println!("{truncated}");
    }
}
