//! The words of a command line, found and checked in one pass.

use core::marker::PhantomData;

use memchr::{memchr, memchr2, memrchr};

use super::{Lexis, Span, Value};
use crate::Output;

/// What the most frequent lines begin with, as a number, so that it is compared at once.
pub(super) const GET: u32 = u32::from_ne_bytes(*b"get ");
pub(super) const SET: u32 = u32::from_ne_bytes(*b"set ");

/// What a line begins with, as such a number.
#[inline]
pub(super) fn first_four(text: &[u8]) -> Option<u32> {
    text.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes))
}

/// Reads a line word by word. Words are separated by runs of spaces; the line ends with LF.
pub(super) struct Words<'t, L> {
    text: &'t [u8],
    at: usize,
    lexis: PhantomData<L>,
}

pub(super) struct Word {
    pub(super) span: Span,
    /// Whether it is made of key bytes only.
    pub(super) key: bool,
    /// The index of the LF, if the line was seen to end behind it.
    pub(super) lf: Option<usize>,
}

impl Word {
    /// Whether it is a key.
    pub(super) fn is_key<L: Lexis>(&self) -> bool {
        self.key && self.span.end - self.span.start <= L::LONGEST_KEY
    }
}

/// What comes next in the line.
pub(super) enum Next {
    Word(Word),
    /// The LF, at this index.
    End(usize),
}

impl<'t, L: Lexis> Words<'t, L> {
    /// Reads on from byte `at` of `text`.
    #[inline]
    pub(super) fn new(text: &'t [u8], at: usize) -> Self {
        Self { text, at, lexis: PhantomData }
    }

    /// `None`: the text ends before the word, or the line, does.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a third of the instructions of a short line")]
    pub(super) fn next(&mut self) -> Option<Next> {
        let mut start = self.at;
        while *self.text.get(start)? == b' ' {
            start += 1;
        }
        let mut end = L::key_end(self.text, start);
        let mut key = true;
        let lf = match *self.text.get(end)? {
            b' ' => None,
            b'\n' => Some(end),
            b'\r' if L::CR_LF && *self.text.get(end + 1)? == b'\n' => Some(end + 1),
            _ => {
                key = false;
                end += memchr2(b' ', b'\n', &self.text[end..])?;
                // The word's first byte is no CR before LF, so something is left of it.
                end -= usize::from(L::CR_LF && self.text[..=end].ends_with(b"\r\n"));
                None
            }
        };
        self.at = end;
        match lf {
            Some(lf) if start == end => Some(Next::End(lf)),
            _ => Some(Next::Word(Word { span: Span { start, end }, key, lf })),
        }
    }

    /// The byte to read on from.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// The next word as a number, if it stands behind one space, and is made of digits only, too
    /// few to pass 2^64 - 1.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a tenth of the instructions of a short set")]
    pub(super) fn digits(&mut self) -> Option<u64> {
        let digits = self.text.get(self.at..)?.strip_prefix(b" ")?;
        let mut number = 0;
        let mut length = 0;
        while let Some(digit @ b'0'..=b'9') = digits.get(length) {
            if length == 19 {
                return None;
            }
            number = number * 10 + u64::from(digit - b'0');
            length += 1;
        }
        if length == 0 || !matches!(digits.get(length)?, b' ' | b'\r' | b'\n') {
            return None;
        }
        self.at += 1 + length;
        Some(number)
    }

    /// The index of the LF, if it is next.
    #[inline]
    pub(super) fn at_end(&self) -> Option<usize> {
        self.end_at(self.at)
    }

    #[inline]
    fn end_at(&self, at: usize) -> Option<usize> {
        match *self.text.get(at)? {
            b'\n' => Some(at),
            b'\r' if L::CR_LF && self.text.get(at + 1) == Some(&b'\n') => Some(at + 1),
            _ => None,
        }
    }

    /// Where the last word ends, and the index of the LF, if nothing but keys is left in the line:
    /// found out without a look at where each of them ends.
    fn only_keys(&self) -> Option<(usize, usize)> {
        let end = L::keys_end(self.text, self.at);
        let lf = self.end_at(end)?;
        let keys = self.text[self.at..end].trim_ascii_end();
        words_fit(keys, L::LONGEST_KEY).then_some((self.at + keys.len(), lf))
    }

    /// The index of the LF, whatever stands before it.
    #[inline]
    pub(super) fn end(&self) -> Option<usize> {
        if let Some(lf) = self.at_end() {
            return Some(lf);
        }
        Some(self.at + memchr(b'\n', &self.text[self.at..])?)
    }
}

/// The keys behind a command's first word.
pub(super) struct KeyList {
    /// From the first one to the last, and the length of the first one.
    pub(super) keys: Option<(Span, usize)>,
    /// Whether all of them are keys.
    pub(super) good: bool,
    pub(super) lf: usize,
}

/// Reads the rest of a line.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a third of the instructions of a short line")]
pub(super) fn key_list<L: Lexis>(words: &mut Words<'_, L>) -> Option<KeyList> {
    let first = match words.next()? {
        Next::Word(word) => word,
        Next::End(lf) => return Some(KeyList { keys: None, good: true, lf }),
    };
    let Span { start, mut end } = first.span;
    let length = end - start;
    let mut good = first.is_key::<L>();
    let lf = if let Some(lf) = first.lf {
        lf
    } else if let Some((last, lf)) = words.only_keys() {
        end = last;
        lf
    } else {
        loop {
            match words.next()? {
                Next::Word(word) => {
                    good &= word.is_key::<L>();
                    end = word.span.end;
                }
                Next::End(lf) => break lf,
            }
        }
    };
    Some(KeyList { keys: Some((Span { start, end }, length)), good, lf })
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
