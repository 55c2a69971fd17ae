//! A program without the standard library that uses the core. Its heap is empty: messages that lie
//! in one chunk need no allocation.
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

/// The toolchain's `alloc` refers to it even if panics abort.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

// For `memcpy` and similar functions, and for the code that calls `main`.
#[link(name = "c")]
unsafe extern "C" {}

/// Exits with 0 if both requests are parsed.
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
