//! The `memwire` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    memwire::app::main()
}
