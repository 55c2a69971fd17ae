//! Numbers in decimal digits, read and written.

use core::str;

use crate::output::Output;

/// Reads decimal digits. Past 2^64 - 1 the number saturates. `None` if there is no digit, or
/// anything else.
#[inline]
pub fn decimal(token: &[u8]) -> Option<u64> {
    if token.is_empty() {
        return None;
    }
    let mut number = 0_u64;
    let mut good = true;
    for byte in token {
        let digit = byte.wrapping_sub(b'0');
        good &= digit <= 9;
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
    }
    if token.len() < 20 {
        // Too few digits to pass 2^64 - 1.
        return good.then_some(number);
    }
    let add =
        |number: u64, byte: &u8| number.saturating_mul(10).saturating_add(u64::from(byte - b'0'));
    good.then(|| token.iter().fold(0, add))
}

/// Reads decimal digits, with or without a sign. `None` if the token is anything else, or the number
/// is out of range.
#[inline]
pub fn number<N: str::FromStr + TryFrom<u64>>(token: &[u8]) -> Option<N> {
    if token.len() < 20
        && let Some(number) = decimal(token)
    {
        return number.try_into().ok();
    }
    str::from_utf8(token).ok()?.parse().ok()
}

/// Appends `number` in decimal digits.
pub fn put_decimal(number: u64, out: &mut impl Output) {
    let mut text = ReverseWriter::new();
    text.decimal(number);
    out.put(text.as_bytes());
}

/// The numbers below 100 in two digits each: half as many divisions as digits.
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

/// A short text, written from its end to its start because that is how the digits of a number are
/// found.
pub struct ReverseWriter {
    bytes: [u8; Self::SIZE],
    start: usize,
}

impl ReverseWriter {
    /// Room for three numbers, and for what stands before, between and after them.
    const SIZE: usize = 64;

    #[inline]
    pub fn new() -> Self {
        Self { bytes: [0; Self::SIZE], start: Self::SIZE }
    }

    /// Writes `text` before what was written so far. Callers write at most [`Self::SIZE`] bytes;
    /// what there is no room for is dropped.
    #[inline]
    pub fn text<const N: usize>(&mut self, text: &[u8; N]) {
        let start = self.start.wrapping_sub(N);
        if let Some(place) = self.bytes.get_mut(start..).and_then(<[u8]>::first_chunk_mut) {
            *place = *text;
            self.start = start;
        }
    }

    /// Writes `number` in decimal digits before what was written so far.
    #[inline]
    pub fn decimal(&mut self, mut number: u64) {
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
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

#[cfg(test)]
mod tests {
    use alloc::{string::ToString, vec};

    use super::*;

    #[test]
    fn decimals_are_read() {
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
        for number in [0, 7, 10, 99, 100, 1_048_576, u64::MAX - 1, u64::MAX] {
            let mut out = vec![];
            put_decimal(number, &mut out);
            assert_eq!(out, number.to_string().as_bytes());
        }
    }
}
