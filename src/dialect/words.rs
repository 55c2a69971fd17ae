//! The words of a command line.

use core::marker::PhantomData;

use memchr::memrchr;

use super::{Lexis, Span, Value, bytes::word_end};
use crate::Output;

/// What the most common lines begin with, as a number, so that it is compared at once.
pub(super) const GET: u32 = u32::from_ne_bytes(*b"get ");
pub(super) const SET: u32 = u32::from_ne_bytes(*b"set ");

/// Reads a line of the most common kind, which has one space before each word but the first, in
/// text that goes on behind it. `None`, from any of its functions: it is another one, or not whole.
pub(super) struct Common<'t, L> {
    text: &'t [u8],
    at: usize,
    lexis: PhantomData<L>,
}

impl<'t, L: Lexis> Common<'t, L> {
    /// The first four bytes as a number, and the key behind them.
    #[inline]
    pub(super) fn verb_and_key(text: &'t [u8]) -> Option<(u32, Span, Self)> {
        let verb = u32::from_ne_bytes(*text.first_chunk()?);
        let start = size_of::<u32>();
        let end = L::key_end(text, start);
        let fits = (1..=L::LONGEST_KEY).contains(&(end - start));
        fits.then_some((verb, Span { start, end }, Self { text, at: end, lexis: PhantomData }))
    }

    /// The next word, if it is made of digits only, and of ten at most.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a fifth of the instructions of a short set")]
    pub(super) fn number(&mut self) -> Option<u64> {
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

    /// The length of the line, if it ends here.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a tenth of the instructions of a short set")]
    pub(super) fn length(&self) -> Option<usize> {
        match *self.text.get(self.at)? {
            b'\n' => Some(self.at + 1),
            b'\r' if L::CR_LF && *self.text.get(self.at + 1)? == b'\n' => Some(self.at + 2),
            _ => None,
        }
    }
}

/// The line without its LF.
#[inline]
pub(super) fn before_lf(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

/// Reads a line, without what ends it, word by word. Words are separated by runs of spaces.
pub(super) struct Words<'t, L> {
    text: &'t [u8],
    at: usize,
    lexis: PhantomData<L>,
}

pub(super) struct Word {
    pub(super) span: Span,
    /// Whether it is a key.
    pub(super) key: bool,
}

impl<L: Lexis> Iterator for Words<'_, L> {
    type Item = Word;

    fn next(&mut self) -> Option<Word> {
        let start = self.at + self.text[self.at..].iter().position(|byte| *byte != b' ')?;
        let key_end = L::key_end(self.text, start);
        let end = match self.text.get(key_end) {
            None | Some(b' ') => key_end,
            Some(_) => word_end(self.text, key_end),
        };
        self.at = end;
        let key = end == key_end && end - start <= L::LONGEST_KEY;
        Some(Word { span: Span { start, end }, key })
    }
}

impl<'t, L: Lexis> Words<'t, L> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        Self { text, at: 0, lexis: PhantomData }
    }

    /// The rest of the line, if there is a word in it.
    pub(super) fn keys(mut self) -> Option<KeyList> {
        let Word { span: Span { start, end }, key } = self.next()?;
        // Seen without a look at where each of the others ends.
        let good = key
            && L::keys_end(self.text, end) == self.text.len()
            && words_fit(&self.text[end..], L::LONGEST_KEY);
        let span = Span { start, end: self.text.trim_ascii_end().len() };
        Some(KeyList { span, first: end - start, good })
    }
}

/// The words behind a command's first one.
pub(super) struct KeyList {
    /// From the first one to the last, if all of them are keys.
    pub(super) span: Span,
    /// The length of the first one.
    pub(super) first: usize,
    /// Whether all of them are keys.
    pub(super) good: bool,
}

/// Whether no word of a text is longer than that.
fn words_fit(mut text: &[u8], longest: usize) -> bool {
    while let Some(window) = text.get(..=longest) {
        match memrchr(b' ', window) {
            Some(space) => text = &text[space + 1..],
            None => return false,
        }
    }
    true
}

/// A count in decimal digits; past 2^64 - 1 it saturates. `None`: no digits, or something else
/// among them.
#[inline]
pub(super) fn decimal(word: &[u8]) -> Option<u64> {
    if word.is_empty() {
        return None;
    }
    let mut count = 0_u64;
    let mut good = true;
    for byte in word {
        let digit = byte.wrapping_sub(b'0');
        good &= digit <= 9;
        count = count.wrapping_mul(10).wrapping_add(u64::from(digit));
    }
    if word.len() < 20 {
        // Too few to pass 2^64 - 1.
        return good.then_some(count);
    }
    let add =
        |count: u64, byte: &u8| count.saturating_mul(10).saturating_add(u64::from(byte - b'0'));
    good.then(|| word.iter().fold(0, add))
}

/// Appends a data block and its end.
#[inline]
pub(super) fn put_value<const N: usize>(value: &Value<'_>, end: &[u8; N], out: &mut impl Output) {
    match value {
        Value::Shared(item) => out.put_item(item),
        Value::Lent(_) | Value::Held(_) => out.put(value),
    }
    out.put(end);
}

/// Appends `count` in decimal digits.
pub(crate) fn put_decimal(count: u64, out: &mut impl Output) {
    let mut text = Backwards::new();
    text.decimal(count);
    out.put(text.as_bytes());
}

/// The numbers below 100, in two digits each: half as many divisions as digits.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 1;
    while number < 100 {
        let [tens, ones] = pairs[number - 1];
        pairs[number] = if ones < b'9' { [tens, ones + 1] } else { [tens + 1, b'0'] };
        number += 1;
    }
    pairs
};

/// The last two digits of a number.
#[inline]
fn pair(number: u64) -> &'static [u8; 2] {
    let [rest, ..] = (number % 100).to_le_bytes();
    &PAIRS[usize::from(rest)]
}

/// A short text that is written from its end on, as numbers are, to be put at once.
pub(super) struct Backwards {
    bytes: [u8; Self::SIZE],
    start: usize,
}

impl Backwards {
    /// Room for three numbers and what stands before, between and behind them.
    const SIZE: usize = 64;

    #[inline]
    pub(super) fn new() -> Self {
        Self { bytes: [0; Self::SIZE], start: Self::SIZE }
    }

    /// Writes this before what is there. What there is no room for is lost; callers see to that.
    #[inline]
    pub(super) fn text<const N: usize>(&mut self, text: &[u8; N]) {
        let start = self.start.wrapping_sub(N);
        if let Some(place) = self.bytes.get_mut(start..).and_then(<[u8]>::first_chunk_mut) {
            *place = *text;
            self.start = start;
        }
    }

    /// Writes this number, in decimal digits, before what is there.
    #[inline]
    pub(super) fn decimal(&mut self, mut number: u64) {
        while number >= 100 {
            self.text(pair(number));
            number /= 100;
        }
        let pair @ [_, digit] = pair(number);
        if number >= 10 {
            self.text(pair);
        } else {
            self.text(&[*digit]);
        }
    }

    #[inline]
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

#[cfg(test)]
mod tests {
    use alloc::{string::ToString, vec};

    use super::*;

    #[test]
    fn counts() {
        assert_eq!(decimal(b"0"), Some(0));
        assert_eq!(decimal(b"007"), Some(7));
        assert_eq!(decimal(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(decimal(b"18446744073709551616"), Some(u64::MAX));
        assert_eq!(decimal(b"99999999999999999999999"), Some(u64::MAX));
        for wrong in [&b""[..], b"+1", b"-1", b"1x", b"x", b"1 ", b"/", b":"] {
            assert_eq!(decimal(wrong), None, "{}", wrong.escape_ascii());
        }
    }

    #[test]
    fn decimals_are_written_as_they_are_read() {
        for count in [0, 7, 10, 99, 100, 1_048_576, u64::MAX - 1, u64::MAX] {
            let mut out = vec![];
            put_decimal(count, &mut out);
            assert_eq!(out, count.to_string().as_bytes());
        }
    }
}
