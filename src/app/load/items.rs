//! Keys, and what they hold: all of it follows from a key's number, so that nothing has to be
//! remembered to check what a server answers.

/// What every key begins with.
const PREFIX: &[u8] = b"key-";

/// Values repeat themselves after so many bytes: a prime, so that blocks lost or swapped at a
/// multiple of any power of two do not fit.
const PERIOD: usize = 4093;

/// A key may hold so many different values of one size, so that a mixture of two is seen.
pub(super) const VERSIONS: u8 = 16;

/// The keys of a run.
pub(super) struct Items {
    count: u32,
    /// The first key.
    first: Vec<u8>,
    /// How many of a key's last bytes tell its number.
    digits: usize,
    /// Two periods, so that every part of one lies in one piece.
    pattern: Vec<u8>,
}

impl Items {
    /// `None`, if so many keys need a larger size than this.
    pub(super) fn new(count: u32, key_size: usize) -> Option<Self> {
        let digits = Self::least_size(count) - PREFIX.len();
        let padding = key_size.checked_sub(PREFIX.len() + digits)?;
        let first = [PREFIX, &b"0".repeat(padding + digits)].concat();
        let pattern = (0..2 * PERIOD).map(|at| mixed((at % PERIOD) as u64).to_le_bytes()[0]);
        Some(Self { count, first, digits, pattern: pattern.collect() })
    }

    pub(super) fn least_size(count: u32) -> usize {
        PREFIX.len() + count.saturating_sub(1).to_string().len()
    }

    /// Appends a key.
    pub(super) fn put_key(&self, mut number: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.first);
        let start = out.len() - self.digits;
        for digit in out[start..].iter_mut().rev() {
            *digit = b"0123456789"[(number % 10) as usize];
            number /= 10;
        }
    }

    /// The number of a key, if it is one of this run's.
    pub(super) fn number(&self, key: &[u8]) -> Option<u32> {
        let (before, digits) = key.split_at_checked(self.first.len() - self.digits)?;
        if before != &self.first[..before.len()] || digits.len() != self.digits {
            return None;
        }
        let mut number = 0_u64;
        for byte in digits {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            number = 10 * number + u64::from(digit);
        }
        u32::try_from(number).ok().filter(|number| *number < self.count)
    }

    /// Appends a value of this size: one byte that tells the version and something of the key, then
    /// the pattern, from a place that depends on version, key and size.
    pub(super) fn put_value(&self, number: u32, version: u8, size: usize, out: &mut Vec<u8>) {
        let Some(rest) = size.checked_sub(1) else { return };
        out.push(head(number) | version);
        let pattern = &self.pattern[start(number, version, size)..];
        for _ in 0..rest / PERIOD {
            out.extend_from_slice(&pattern[..PERIOD]);
        }
        out.extend_from_slice(&pattern[..rest % PERIOD]);
    }

    /// Whether the key may hold this value.
    pub(super) fn may_hold(&self, number: u32, value: &[u8]) -> bool {
        let Some((first, rest)) = value.split_first() else { return true };
        let version = first & (VERSIONS - 1);
        let pattern = &self.pattern[start(number, version, value.len())..];
        *first == head(number) | version
            && rest.chunks(PERIOD).all(|part| part == &pattern[..part.len()])
    }

    /// The first byte that is not of the version which the first byte of all tells.
    pub(super) fn first_difference(&self, number: u32, value: &[u8]) -> Option<usize> {
        let mut expected = vec![];
        let version = value.first()? & (VERSIONS - 1);
        self.put_value(number, version, value.len(), &mut expected);
        value.iter().zip(&expected).position(|(byte, expected)| byte != expected)
    }
}

/// What the first byte of a value tells of its key.
fn head(number: u32) -> u8 {
    mixed(u64::from(number)).to_le_bytes()[1] & !(VERSIONS - 1)
}

/// Where in the pattern a value begins.
fn start(number: u32, version: u8, size: usize) -> usize {
    let kind = (size as u64) << 4 | u64::from(version);
    let place = mixed(u64::from(number) ^ kind.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    // It is small.
    usize::try_from(place % PERIOD as u64).unwrap_or(0)
}

/// A number of which every bit depends on every bit of another one (the finalizer of `SplitMix64`).
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(items: &Items, number: u32, version: u8, size: usize) -> Vec<u8> {
        let mut value = vec![];
        items.put_value(number, version, size, &mut value);
        value
    }

    #[test]
    fn keys_are_read_as_they_are_written() {
        for (count, size) in [(1, 5), (10, 5), (11, 6), (1000, 16), (u32::MAX, 14), (7, 250)] {
            let items = Items::new(count, size).expect("they fit");
            for number in [0, 1, 6, 9, 10, 999, u32::MAX - 1] {
                let mut key = vec![];
                items.put_key(number, &mut key);
                assert_eq!(key.len(), size);
                let read = (number < count).then_some(number);
                // A number too large is written as another one's key.
                assert!(number >= count || items.number(&key) == read, "{number} of {count}");
            }
            assert_eq!(Items::least_size(count) <= size, Items::new(count, size).is_some());
        }
        assert!(Items::new(11, 5).is_none());
        let items = Items::new(50, 8).expect("they fit");
        assert_eq!(items.number(b"key-0049"), Some(49));
        for other in ["key-0050", "key-049", "key-00049", "key-004x", "Key-0049", "key-1049", ""] {
            assert_eq!(items.number(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn a_value_is_its_keys_and_no_others() {
        let items = Items::new(1000, 16).expect("they fit");
        for size in [0, 1, 2, 100, PERIOD, PERIOD + 1, PERIOD + 2, 3 * PERIOD, 100_000] {
            for version in 0..VERSIONS {
                let value = value(&items, 7, version, size);
                assert_eq!(value.len(), size);
                assert!(items.may_hold(7, &value), "{size}");
            }
        }
        let taken = |size| {
            (0..1000).filter(|number| items.may_hold(*number, &value(&items, 7, 3, size))).count()
        };
        assert_eq!(taken(100), 1);
        // One byte can tell sixteen sorts of keys apart.
        assert!(taken(1) < 100, "{}", taken(1));
    }

    #[test]
    fn a_damaged_value_is_seen() {
        let items = Items::new(1000, 16).expect("they fit");
        let good = value(&items, 7, 3, 100);
        for place in 0..good.len() {
            let mut bad = good.clone();
            bad[place] ^= 0x10;
            assert!(!items.may_hold(7, &bad), "{place}");
            assert_eq!(items.first_difference(7, &bad), Some(place));
        }
        assert!(!items.may_hold(7, &good[..99]));
        assert!(!items.may_hold(7, &[&good[..], b"x"].concat()));
        // Half of one version, half of another.
        let other = value(&items, 7, 4, 100);
        assert!(!items.may_hold(7, &[&good[..50], &other[50..]].concat()));
        // Two blocks that changed places, one that is lost, and one that came twice.
        let long = value(&items, 7, 3, 1 << 20);
        for block in (9..19).map(|power| 1 << power) {
            let (first, rest) = long.split_at(block);
            let (second, rest) = rest.split_at(block);
            assert!(!items.may_hold(7, &[second, first, rest].concat()), "{block}");
            assert!(!items.may_hold(7, &[first, first, rest].concat()), "{block}");
            assert!(!items.may_hold(7, &[first, rest, rest].concat()[..1 << 20]), "{block}");
        }
    }

    /// `cargo test --lib what_a_check_costs -- --ignored --nocapture`
    #[test]
    #[ignore = "it measures"]
    fn what_a_check_costs() {
        let items = Items::new(10_000, 16).expect("they fit");
        for size in [100, 1000, 10_000, 100_000] {
            let values: Vec<_> = (0..100).map(|key| value(&items, key, 3, size)).collect();
            let rounds = 100_000_000 / size / 100;
            let start = std::time::Instant::now();
            for _ in 0..rounds {
                for (key, value) in (0..).zip(&values) {
                    let value = std::hint::black_box(value.as_slice());
                    assert!(std::hint::black_box(&items).may_hold(key, value));
                }
            }
            let checks = u32::try_from(rounds * values.len()).expect("few");
            println!("{size} bytes: {:?} a check", start.elapsed() / checks);
        }
    }
}
