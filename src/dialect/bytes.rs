//! The end of a key or word, found sixteen bytes at once.

use wide::{bytemuck, i8x16};

/// The index of the first byte at or after `at` that is not of `[A-Za-z0-9_-]`; the text's length if
/// none.
#[inline]
pub(super) fn name_end(text: &[u8], at: usize) -> usize {
    end(text, at, is_name, are_name)
}

/// The same of `[A-Za-z0-9_-]` and spaces.
#[inline]
pub(super) fn names_end(text: &[u8], at: usize) -> usize {
    end(text, at, |byte| is_name(byte) || byte == b' ', |bytes| are_name(bytes) | are_space(bytes))
}

fn is_name(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-')
}

#[inline]
fn are_name(bytes: i8x16) -> i8x16 {
    within(bytes | splat(0x20), b'a', b'z')
        | within(bytes, b'0', b'9')
        | bytes.simd_eq(splat(b'_'))
        | bytes.simd_eq(splat(b'-'))
}

/// The index of the first byte at or after `at` that is a space or a control character; the text's
/// length if none. Bytes past ASCII are neither.
#[inline]
pub(super) fn graphic_end(text: &[u8], at: usize) -> usize {
    end(text, at, is_graphic, |bytes| within(bytes, b'!', b'~') | within(bytes, 0x80, 0xff))
}

/// The same, of a control character only.
#[inline]
pub(super) fn printable_end(text: &[u8], at: usize) -> usize {
    let are = |bytes| within(bytes, b' ', b'~') | within(bytes, 0x80, 0xff);
    end(text, at, |byte| is_graphic(byte) || byte == b' ', are)
}

fn is_graphic(byte: u8) -> bool {
    byte > b' ' && byte != 0x7f
}

/// The index of the first space at or after `at`; the text's length if none.
#[inline]
pub(super) fn word_end(text: &[u8], at: usize) -> usize {
    end(text, at, |byte| byte != b' ', |bytes| !are_space(bytes))
}

#[inline]
fn are_space(bytes: i8x16) -> i8x16 {
    bytes.simd_eq(splat(b' '))
}

/// `are` says of sixteen bytes what `is` says of one.
#[inline]
fn end(text: &[u8], at: usize, is: impl Fn(u8) -> bool, are: impl Fn(i8x16) -> i8x16) -> usize {
    let others = |sixteen: &[u8; 16]| are(bytemuck::cast(*sixteen)).to_bitmask() ^ 0xffff;
    let mut rest = &text[at..];
    while let Some((sixteen, behind)) = rest.split_first_chunk() {
        let others = others(sixteen);
        // By a branch, which is foreseen, rather than by a sum that the next load had to wait for.
        if others != 0 {
            return text.len() - rest.len() + others.trailing_zeros() as usize;
        }
        rest = behind;
    }
    let end = match text.last_chunk::<16>() {
        // The last sixteen bytes again, without those that were seen.
        Some(sixteen) => {
            let others = (others(sixteen) | 1 << 16) >> (16 - rest.len());
            others.trailing_zeros() as usize
        }
        None => rest.iter().position(|byte| !is(*byte)).unwrap_or(rest.len()),
    };
    text.len() - rest.len() + end
}

#[inline]
fn splat(byte: u8) -> i8x16 {
    i8x16::splat(byte.cast_signed())
}

/// Each byte: all ones if it is in `first..=last`, and all zeros if it is not.
#[inline]
fn within(bytes: i8x16, first: u8, last: u8) -> i8x16 {
    // Moved so that `last` is the largest number there is, they are larger than all others. With a
    // sign, as x86-64 compares bytes.
    let moved = bytes + splat(0x7f_u8.wrapping_sub(last));
    moved.simd_gt(splat(0x7e_u8.wrapping_sub(last - first)))
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
        (word_end, |byte| byte != b' '),
    ];

    #[test]
    fn a_class_ends_at_every_place_and_byte() {
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
                        assert_eq!(end_of(&text, place + 1), length, "{}, behind it", what());
                    }
                }
            }
        }
    }

    #[test]
    fn a_neighbour_changes_nothing() {
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
