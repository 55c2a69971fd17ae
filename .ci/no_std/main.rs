//! The core alone, linked into a program without the standard library. Its heap is empty: what lies
//! whole in a chunk needs no allocation.
#![no_std]
#![no_main]

use core::panic::PanicInfo;

use linked_list_allocator::LockedHeap;
use memwire::{
    Limits, Machine, State, Step,
    dialect::simple::{Request, Requests},
};

#[global_allocator]
static HEAP: LockedHeap = LockedHeap::empty();

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

/// `alloc` as it comes with the toolchain asks for it, also where panics abort.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

// memcpy and its like, and what calls `main`.
#[link(name = "c")]
unsafe extern "C" {}

/// The exit code is 0 if both requests are read.
#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    let mut machine = Machine::<Requests>::new(Limits::DEFAULT);
    let mut chunk = &b"set k 3\na\nb\nget k\n"[..];
    match machine.step(&mut chunk) {
        Step::Dispatch(Request::Set { value, .. }) if *value == *b"a\nb" => {}
        _ => return 1,
    }
    match machine.step(&mut chunk) {
        Step::Dispatch(Request::Get(keys)) if keys.as_bytes() == b"k" => {}
        _ => return 2,
    }
    if machine.state() != State::Dispatch || !chunk.is_empty() { 3 } else { 0 }
}
