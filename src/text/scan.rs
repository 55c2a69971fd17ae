//! Where a key or a token ends: sixteen bytes are examined at once.

use bytemuck::cast;
use wide::{CmpEq as _, CmpGt as _, i8x16};

/// The index of the first byte at or after `at` that is not of `[A-Za-z0-9_-]`; the text's length if
/// none.
#[inline]
pub fn name_end(text: &[u8], at: usize) -> usize {
    end(text, at, is_name, are_name)
}

/// As [`name_end`], of `[A-Za-z0-9_-]` and spaces.
#[inline]
pub fn names_end(text: &[u8], at: usize) -> usize {
    end(text, at, |byte| is_name(byte) || byte == b' ', |bytes| are_name(bytes) | are_space(bytes))
}

fn is_name(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-')
}

#[inline]
fn are_name(bytes: i8x16) -> i8x16 {
    within(bytes | splat(0x20), b'a', b'z')
        | within(bytes, b'0', b'9')
        | bytes.cmp_eq(splat(b'_'))
        | bytes.cmp_eq(splat(b'-'))
}

/// The index of the first byte at or after `at` that is a space or a control character; the text's
/// length if none. Bytes past ASCII are neither.
#[inline]
pub fn graphic_end(text: &[u8], at: usize) -> usize {
    end(text, at, is_graphic, |bytes| within(bytes, b'!', b'~') | within(bytes, 0x80, 0xff))
}

/// The index of the first control character at or after `at`; the text's length if none.
#[inline]
pub fn printable_end(text: &[u8], at: usize) -> usize {
    let are = |bytes| within(bytes, b' ', b'~') | within(bytes, 0x80, 0xff);
    end(text, at, |byte| is_graphic(byte) || byte == b' ', are)
}

fn is_graphic(byte: u8) -> bool {
    byte > b' ' && byte != 0x7f
}

/// The index of the first space at or after `at`; the text's length if none.
#[inline]
pub fn token_end(text: &[u8], at: usize) -> usize {
    end(text, at, |byte| byte != b' ', |bytes| !are_space(bytes))
}

#[inline]
fn are_space(bytes: i8x16) -> i8x16 {
    bytes.cmp_eq(splat(b' '))
}

/// The index of the first byte at or after `at` that is not in a class of bytes. `simd` is the
/// 16-byte form of `scalar`.
#[inline]
fn end(
    text: &[u8],
    at: usize,
    scalar: impl Fn(u8) -> bool,
    simd: impl Fn(i8x16) -> i8x16,
) -> usize {
    let outside = |sixteen: &[u8; 16]| simd(cast(*sixteen)).move_mask() ^ 0xffff;
    let mut rest = &text[at..];
    while let Some((sixteen, next)) = rest.split_first_chunk() {
        let outside = outside(sixteen);
        // A well-predicted branch; a sum would make the next load wait for it.
        if outside != 0 {
            return text.len() - rest.len() + outside.trailing_zeros() as usize;
        }
        rest = next;
    }
    let end = match text.last_chunk::<16>() {
        // The last sixteen bytes again, less those examined already.
        Some(sixteen) => {
            let outside = (outside(sixteen) | 1 << 16) >> (16 - rest.len());
            outside.trailing_zeros() as usize
        }
        None => rest.iter().position(|byte| !scalar(*byte)).unwrap_or(rest.len()),
    };
    text.len() - rest.len() + end
}

#[inline]
fn splat(byte: u8) -> i8x16 {
    i8x16::splat(byte.cast_signed())
}

/// A mask of the bytes in `first..=last`: all ones in each of them, all zeros in the others.
#[inline]
fn within(bytes: i8x16, first: u8, last: u8) -> i8x16 {
    // Shifted so that `last` becomes the largest signed number, the bytes of the range are greater
    // than all others. Signed, because that is how x86-64 compares bytes.
    let moved = bytes + splat(0x7f_u8.wrapping_sub(last));
    moved.cmp_gt(splat(0x7e_u8.wrapping_sub(last - first)))
}

#[cfg(test)]
mod tests {
    use alloc::{format, vec};

    use super::*;

    type Class = (fn(&[u8], usize) -> usize, fn(u8) -> bool);

    const CLASSES: [Class; 5] = [
        (name_end, is_name),
        (names_end, |byte| is_name(byte) || byte == b' '),
        (graphic_end, is_graphic),
        (printable_end, |byte| byte >= b' ' && byte != 0x7f),
        (token_end, |byte| byte != b' '),
    ];

    #[test]
    fn each_class_ends_at_every_place_and_byte() {
        for (end_of, is) in CLASSES {
            for length in 0..=33 {
                for place in 0..length {
                    for byte in 0..=u8::MAX {
                        let mut text = vec![b'k'; length];
                        text[place] = byte;
                        let end = if is(byte) { length } else { place };
                        let what = || format!("{byte:#x} at {place} of {length}");
                        assert_eq!(end_of(&text, 0), end, "{}", what());
                        assert_eq!(end_of(&text, place), end, "{}, from there", what());
                        assert_eq!(end_of(&text, place + 1), length, "{}, after it", what());
                    }
                }
            }
        }
    }

    #[test]
    fn neighbouring_bytes_do_not_matter() {
        for (end_of, is) in CLASSES {
            for first in 0..=u8::MAX {
                for second in 0..=u8::MAX {
                    let text = [[first, second]; 8].concat();
                    for length in [8, 16] {
                        let text = &text[..length];
                        let end = text.iter().position(|byte| !is(*byte)).unwrap_or(length);
                        assert_eq!(end_of(text, 0), end, "{text:?}");
                    }
                }
            }
        }
    }
}
