//! Keys and their values: both follow from a key's number, so that replies are checked without
//! remembering what was stored.

/// The beginning of every key.
const PREFIX: &[u8] = b"key-";

/// Values repeat after this many bytes: a prime, so that blocks lost or swapped at a
/// multiple of any power of two do not fit.
const PERIOD: usize = 4093;

/// How many different values of one size a key may have, so that a mixture of two is detected.
pub const VERSIONS: u8 = 16;

/// The keys of a run.
pub struct Dataset {
    count: u32,
    /// The first key.
    first: Vec<u8>,
    /// How many of a key's last bytes are its number.
    digits: usize,
    /// Two periods, so that every part of one lies in one piece.
    pattern: Vec<u8>,
}

impl Dataset {
    /// `None`, if this many keys need a larger size.
    pub fn new(count: u32, key_size: usize) -> Option<Self> {
        let digits = Self::least_size(count) - PREFIX.len();
        let padding = key_size.checked_sub(PREFIX.len() + digits)?;
        let first = [PREFIX, &b"0".repeat(padding + digits)].concat();
        let pattern = (0..2 * PERIOD).map(|at| mixed((at % PERIOD) as u64).to_le_bytes()[0]);
        Some(Self { count, first, digits, pattern: pattern.collect() })
    }

    /// The smallest key size with which this many keys differ.
    pub fn least_size(count: u32) -> usize {
        PREFIX.len() + count.saturating_sub(1).to_string().len()
    }

    /// Appends a key.
    pub fn put_key(&self, mut number: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.first);
        let start = out.len() - self.digits;
        for digit in out[start..].iter_mut().rev() {
            *digit = b"0123456789"[(number % 10) as usize];
            number /= 10;
        }
    }

    /// The number of a key, if it is one of this run's.
    pub fn number(&self, key: &[u8]) -> Option<u32> {
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

    /// Appends a value of this size: one byte with the version and a tag of the key, then the
    /// pattern, from a place that depends on version, key and size.
    pub fn put_value(&self, number: u32, version: u8, size: usize, out: &mut Vec<u8>) {
        let Some(rest) = size.checked_sub(1) else { return };
        out.push(tag(number) | version);
        let pattern = &self.pattern[start(number, version, size)..];
        for _ in 0..rest / PERIOD {
            out.extend_from_slice(&pattern[..PERIOD]);
        }
        out.extend_from_slice(&pattern[..rest % PERIOD]);
    }

    /// Whether this is one of the key's values.
    pub fn is_value_of(&self, number: u32, value: &[u8]) -> bool {
        let Some((first, rest)) = value.split_first() else { return true };
        let version = first & (VERSIONS - 1);
        let pattern = &self.pattern[start(number, version, value.len())..];
        *first == tag(number) | version
            && rest.chunks(PERIOD).all(|part| part == &pattern[..part.len()])
    }

    /// The first byte that differs from the version that the value's first byte names.
    pub fn first_difference(&self, number: u32, value: &[u8]) -> Option<usize> {
        let mut expected = vec![];
        let version = value.first()? & (VERSIONS - 1);
        self.put_value(number, version, value.len(), &mut expected);
        value.iter().zip(&expected).position(|(byte, expected)| byte != expected)
    }
}

/// The part of a value's first byte that depends on its key.
fn tag(number: u32) -> u8 {
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

    fn value(dataset: &Dataset, number: u32, version: u8, size: usize) -> Vec<u8> {
        let mut value = vec![];
        dataset.put_value(number, version, size, &mut value);
        value
    }

    #[test]
    fn keys_are_read_as_they_are_written() {
        for (count, size) in [(1, 5), (10, 5), (11, 6), (1000, 16), (u32::MAX, 14), (7, 250)] {
            let dataset = Dataset::new(count, size).expect("they fit");
            for number in [0, 1, 6, 9, 10, 999, u32::MAX - 1] {
                let mut key = vec![];
                dataset.put_key(number, &mut key);
                assert_eq!(key.len(), size);
                let read = (number < count).then_some(number);
                // A number too large is written as another key.
                assert!(number >= count || dataset.number(&key) == read, "{number} of {count}");
            }
            assert_eq!(Dataset::least_size(count) <= size, Dataset::new(count, size).is_some());
        }
        assert!(Dataset::new(11, 5).is_none());
        let dataset = Dataset::new(50, 8).expect("they fit");
        assert_eq!(dataset.number(b"key-0049"), Some(49));
        for other in ["key-0050", "key-049", "key-00049", "key-004x", "Key-0049", "key-1049", ""] {
            assert_eq!(dataset.number(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn a_value_belongs_to_one_key() {
        let dataset = Dataset::new(1000, 16).expect("they fit");
        for size in [0, 1, 2, 100, PERIOD, PERIOD + 1, PERIOD + 2, 3 * PERIOD, 100_000] {
            for version in 0..VERSIONS {
                let value = value(&dataset, 7, version, size);
                assert_eq!(value.len(), size);
                assert!(dataset.is_value_of(7, &value), "{size}");
            }
        }
        let taken = |size| {
            (0..1000)
                .filter(|number| dataset.is_value_of(*number, &value(&dataset, 7, 3, size)))
                .count()
        };
        assert_eq!(taken(100), 1);
        // One byte distinguishes sixteen kinds of keys.
        assert!(taken(1) < 100, "{}", taken(1));
    }

    #[test]
    fn a_damaged_value_is_detected() {
        let dataset = Dataset::new(1000, 16).expect("they fit");
        let good = value(&dataset, 7, 3, 100);
        for place in 0..good.len() {
            let mut bad = good.clone();
            bad[place] ^= 0x10;
            assert!(!dataset.is_value_of(7, &bad), "{place}");
            assert_eq!(dataset.first_difference(7, &bad), Some(place));
        }
        assert!(!dataset.is_value_of(7, &good[..99]));
        assert!(!dataset.is_value_of(7, &[&good[..], b"x"].concat()));
        // Half of one version, half of another.
        let other = value(&dataset, 7, 4, 100);
        assert!(!dataset.is_value_of(7, &[&good[..50], &other[50..]].concat()));
        // Two blocks that changed places, one that is lost, and one that came twice.
        let long = value(&dataset, 7, 3, 1 << 20);
        for block in (9..19).map(|power| 1 << power) {
            let (first, rest) = long.split_at(block);
            let (second, rest) = rest.split_at(block);
            assert!(!dataset.is_value_of(7, &[second, first, rest].concat()), "{block}");
            assert!(!dataset.is_value_of(7, &[first, first, rest].concat()), "{block}");
            assert!(!dataset.is_value_of(7, &[first, rest, rest].concat()[..1 << 20]), "{block}");
        }
    }

    /// `cargo test -p memwire-cli --bin memwire cost_of_a_check -- --ignored --nocapture`
    #[test]
    #[ignore = "a benchmark"]
    fn cost_of_a_check() {
        let dataset = Dataset::new(10_000, 16).expect("they fit");
        for size in [100, 1000, 10_000, 100_000] {
            let values: Vec<_> = (0..100).map(|key| value(&dataset, key, 3, size)).collect();
            let rounds = 100_000_000 / size / 100;
            let start = std::time::Instant::now();
            for _ in 0..rounds {
                for (key, value) in (0..).zip(&values) {
                    let value = std::hint::black_box(value.as_slice());
                    assert!(std::hint::black_box(&dataset).is_value_of(key, value));
                }
            }
            let checks = u32::try_from(rounds * values.len()).expect("few");
            println!("{size} bytes: {:?} a check", start.elapsed() / checks);
        }
    }
}
