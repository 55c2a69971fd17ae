//! Tests of the program `memwire`, as its users run it.

mod concurrency;
mod conform;
#[cfg(target_os = "linux")]
mod differential;
mod faults;
mod faulty;
mod limits;
#[cfg(target_os = "linux")]
mod load;
mod process;
mod program;
#[cfg(target_os = "linux")]
mod server;
mod usage;
mod vectors;
