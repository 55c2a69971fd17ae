//! How the program fails: with a message on standard error, and an exit code.

/// The exit codes of the program, as its help shows them.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  success
  1  the check failed: the input of `run` ends inside a request, a document of `vectors generate`
     has an error, a vector of `conform` fails, or `load` received a wrong reply
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
    /// The check failed (exit code 1).
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
