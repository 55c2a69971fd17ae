//! How the program fails: a message on standard error, and an exit code.

/// The exit codes of the program, as its help shows them.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  success
  1  what was given is wrong: run's input ends inside a request, a document is not in its notation,
     a subject of conform fails, or what load asks is not answered right
  2  the arguments are wrong
  3  something cannot be read, written, bound or started";

/// Why the program ends with an exit code other than 0.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub code: u8,
    /// What is printed on standard error; if it is empty, nothing is.
    pub message: String,
}

impl Failure {
    /// What was given to the program is wrong (exit code 1).
    pub fn wrong(message: String) -> Self {
        Self { code: 1, message }
    }

    /// The arguments are wrong (exit code 2).
    pub fn usage(message: String) -> Self {
        Self { code: 2, message }
    }

    /// Something cannot be read, written, bound or started (exit code 3).
    pub fn io(message: String) -> Self {
        Self { code: 3, message }
    }
}
