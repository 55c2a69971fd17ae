//! The end of a key, found eight bytes at once.

/// The index of the first byte at or after `at` that is not of `[A-Za-z0-9_-]`; the text's length if
/// none.
#[inline]
pub(super) fn name_end(text: &[u8], at: usize) -> usize {
    end(text, at, not_name, is_name)
}

pub(super) fn is_name(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-')
}

/// The index of the first byte at or after `at` that is a space or a control character; the text's
/// length if none. Bytes past ASCII are neither.
#[inline]
pub(super) fn graphic_end(text: &[u8], at: usize) -> usize {
    end(text, at, not_graphic, is_graphic)
}

pub(super) fn is_graphic(byte: u8) -> bool {
    byte > b' ' && byte != 0x7f
}

/// `others` has the high bit of each byte set for which `is` says no.
#[inline]
fn end(text: &[u8], mut at: usize, others: impl Fn(u64) -> u64, is: impl Fn(u8) -> bool) -> usize {
    while let Some(eight) = text[at..].first_chunk() {
        let others = others(u64::from_le_bytes(*eight));
        if others != 0 {
            return at + (others.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while at < text.len() && is(text[at]) {
        at += 1;
    }
    at
}

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGH: u64 = ONES * 0x80;

#[inline]
const fn not_name(eight: u64) -> u64 {
    // Seven bits a byte, so that no sum below carries into the next byte.
    let low = eight & !HIGH;
    let other = outside(low | (ONES * 0x20), b'a', b'z')
        & outside(low, b'0', b'9')
        & differs(low, b'_')
        & differs(low, b'-');
    (other | eight) & HIGH
}

#[inline]
const fn not_graphic(eight: u64) -> u64 {
    outside(eight & !HIGH, b'!', b'~') & !eight & HIGH
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

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    type Class = (fn(&[u8], usize) -> usize, fn(u8) -> bool);

    const CLASSES: [Class; 2] = [(name_end, is_name), (graphic_end, is_graphic)];

    #[test]
    fn a_class_ends_at_every_place_and_byte() {
        for (end_of, is) in CLASSES {
            for length in 0..=33 {
                for place in 0..length {
                    for byte in 0..=u8::MAX {
                        let mut text = vec![b'k'; length];
                        text[place] = byte;
                        let end = if is(byte) { length } else { place };
                        assert_eq!(end_of(&text, 0), end, "{byte:#x} at {place} of {length}");
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
                    let text = [first, second, first, second, first, second, first, second];
                    let end = text.iter().position(|byte| !is(*byte)).unwrap_or(8);
                    assert_eq!(end_of(&text, 0), end, "{text:?}");
                }
            }
        }
    }
}
