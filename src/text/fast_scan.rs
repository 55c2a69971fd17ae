//! The fast path: complete command lines of the most common form, read in one pass.

use core::marker::PhantomData;

use super::{KeySyntax, Span};

/// The first four bytes of the most common lines, as numbers, so that one comparison decides.
pub const GET: u32 = u32::from_ne_bytes(*b"get ");
pub const SET: u32 = u32::from_ne_bytes(*b"set ");

/// Reads a line of the most common form: one space before each token but the first. The text may
/// go on after the line. `CR_LF`: a CR before the LF belongs to the end of the line.
///
/// Each method returns `None` if the line needs the general scan or is incomplete.
pub struct FastScan<'t, K, const CR_LF: bool> {
    text: &'t [u8],
    at: usize,
    syntax: PhantomData<K>,
}

impl<'t, K: KeySyntax, const CR_LF: bool> FastScan<'t, K, CR_LF> {
    /// The first four bytes as a number, and the key after them.
    #[inline]
    pub fn verb_and_key(text: &'t [u8]) -> Option<(u32, Span, Self)> {
        let verb = u32::from_ne_bytes(*text.first_chunk()?);
        let start = size_of::<u32>();
        let end = K::key_end(text, start);
        let fits = (1..=K::LONGEST_KEY).contains(&(end - start));
        fits.then_some((verb, Span { start, end }, Self { text, at: end, syntax: PhantomData }))
    }

    /// The next token, if it is one to ten digits.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a fifth of the instructions of a short set")]
    pub fn number(&mut self) -> Option<u64> {
        let digits = self.text.get(self.at..)?.strip_prefix(b" ")?;
        let mut number = 0;
        let mut length = 0;
        while let Some(digit @ b'0'..=b'9') = digits.get(length) {
            if length == 10 {
                return None;
            }
            number = number * 10 + u64::from(digit - b'0');
            length += 1;
        }
        self.at += 1 + length;
        (length > 0).then_some(number)
    }

    /// The length of the line with its LF, if it ends here.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a tenth of the instructions of a short set")]
    pub fn line_length(&self) -> Option<usize> {
        match *self.text.get(self.at)? {
            b'\n' => Some(self.at + 1),
            b'\r' if CR_LF && *self.text.get(self.at + 1)? == b'\n' => Some(self.at + 2),
            _ => None,
        }
    }
}
