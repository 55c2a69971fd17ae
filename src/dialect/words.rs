//! The words of a command line, found and checked in one pass.

use memchr::{memchr, memchr2};

use super::Span;
use crate::Output;

/// Reads a line word by word. Words are separated by runs of spaces; the line ends with LF.
pub(super) struct Words<'t> {
    text: &'t [u8],
    at: usize,
}

pub(super) struct Word {
    pub(super) span: Span,
    /// Whether it is made of `[A-Za-z0-9_-]` only.
    pub(super) key: bool,
}

/// What comes next in the line.
pub(super) enum Next {
    Word(Word),
    /// The LF, at this index.
    End(usize),
}

impl<'t> Words<'t> {
    /// Reads on from byte `at` of `text`.
    pub(super) fn new(text: &'t [u8], at: usize) -> Self {
        Self { text, at }
    }

    /// `None`: the text ends before the word, or the line, does.
    #[inline]
    pub(super) fn next(&mut self) -> Option<Next> {
        let mut start = self.at;
        while *self.text.get(start)? == b' ' {
            start += 1;
        }
        if self.text[start] == b'\n' {
            return Some(Next::End(start));
        }
        let mut end = key_end(self.text, start);
        let key = matches!(self.text.get(end)?, b' ' | b'\n');
        if !key {
            end += memchr2(b' ', b'\n', &self.text[end..])?;
        }
        self.at = end;
        let span = Span { start, end };
        Some(Next::Word(Word { span, key }))
    }

    /// The index of the LF, if it is next.
    #[inline]
    pub(super) fn at_end(&self) -> Option<usize> {
        (self.text.get(self.at) == Some(&b'\n')).then_some(self.at)
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

pub(super) fn is_key_byte(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-')
}

/// The index of the first byte at or after `at` that is no key byte; the text's length if none.
#[inline]
pub(super) fn key_end(text: &[u8], mut at: usize) -> usize {
    while let Some(eight) = text[at..].first_chunk() {
        let others = other_bytes(u64::from_le_bytes(*eight));
        if others != 0 {
            return at + (others.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while at < text.len() && is_key_byte(text[at]) {
        at += 1;
    }
    at
}

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGH: u64 = ONES * 0x80;

/// Eight bytes at once: the high bit of each byte of the result says if that byte is no key byte.
#[inline]
const fn other_bytes(eight: u64) -> u64 {
    // Seven bits a byte, so that no sum below carries into the next byte.
    let low = eight & !HIGH;
    let other = outside(low | (ONES * 0x20), b'a', b'z')
        & outside(low, b'0', b'9')
        & differs(low, b'_')
        & differs(low, b'-');
    (other | eight) & HIGH
}

/// For bytes below 0x80: the high bit of each says if it is outside `first..=last`.
#[inline]
const fn outside(eight: u64, first: u8, last: u8) -> u64 {
    let below = ONES * (0x7f + first as u64) - eight;
    let above = eight + ONES * (0x7f - last as u64);
    below | above
}

/// For bytes below 0x80: the high bit of each says if it is another one.
#[inline]
const fn differs(eight: u64, byte: u8) -> u64 {
    (eight ^ (ONES * byte as u64)) + ONES * 0x7f
}

/// A count in decimal digits; past 2^64 - 1 it saturates. `None`: no digits, or something else
/// among them.
pub(super) fn decimal(word: &[u8]) -> Option<u64> {
    if word.is_empty() {
        return None;
    }
    let mut count = 0_u64;
    for byte in word {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        count = count.saturating_mul(10).saturating_add(u64::from(digit));
    }
    Some(count)
}

/// Appends `count` in decimal digits.
pub(super) fn put_decimal(mut count: usize, out: &mut impl Output) {
    let mut digits = [b'0'; 20];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b"0123456789"[count % 10];
        count /= 10;
        if count == 0 {
            break;
        }
    }
    out.put(&digits[first..]);
}

#[cfg(test)]
mod tests {
    use alloc::{string::ToString, vec};

    use super::*;

    #[test]
    fn key_bytes_are_told_from_all_others_at_every_place() {
        for length in 0..=33 {
            for place in 0..length {
                for byte in 0..=u8::MAX {
                    let mut text = vec![b'k'; length];
                    text[place] = byte;
                    let end = if is_key_byte(byte) { length } else { place };
                    assert_eq!(key_end(&text, 0), end, "{byte:#x} at {place} of {length}");
                }
            }
        }
    }

    #[test]
    fn a_neighbour_changes_nothing() {
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                let text = [first, second, first, second, first, second, first, second];
                let end = text.iter().position(|b| !is_key_byte(*b)).unwrap_or(8);
                assert_eq!(key_end(&text, 0), end, "{text:?}");
            }
        }
    }

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
        for count in [0, 7, 10, 99, 100, 1_048_576, usize::MAX - 1, usize::MAX] {
            let mut out = vec![];
            put_decimal(count, &mut out);
            assert_eq!(out, count.to_string().as_bytes());
        }
    }
}
