//! The oracle: a one-shot reference interpreter of a *whole* stream.
//!
//! It is written from the specifications, slices the stream, and shares no code with the machine,
//! so that the two can be compared (law *Oracle*). It needs the whole stream in memory and is not
//! optimised: it is for tests, not for servers.
//!
//! ```
//! use memwire::Limits;
//! use memwire_testing::oracle::simple::{Request, RequestError, replies_to, requests};
//!
//! let transcript = requests(b"set k 2\nhi\nget\n", &Limits::DEFAULT);
//! assert_eq!(transcript.events[0].result, Ok(Request::Set(b"k", b"hi")));
//! assert_eq!(transcript.events[1].result, Err(RequestError::WrongWordCount));
//! assert_eq!(transcript.end, None);
//! assert_eq!(replies_to(&transcript), b"STORED\nERROR\n");
//! ```

pub mod classic;
mod reader;
pub mod simple;
mod transcript;

pub use transcript::{Event, Incomplete, Part, ReplyError, Transcript};
