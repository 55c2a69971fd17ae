//! Numbers, as people read them.

use std::time::Duration;

/// A latency to three digits: no more are measured.
pub fn rounded(nanoseconds: u64) -> Duration {
    let unit = 10_u64.pow(nanoseconds.max(1).ilog10().saturating_sub(2));
    Duration::from_nanos(nanoseconds / unit * unit)
}

/// A count with a space between groups of three digits.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_and_latencies_rounded() {
        for (count, text) in [(0, "0"), (999, "999"), (1000, "1 000"), (12_345_678, "12 345 678")] {
            assert_eq!(grouped(count), text);
        }
        for (nanoseconds, text) in [
            (0, "0ns"),
            (999, "999ns"),
            (1234, "1.23µs"),
            (41_239, "41.2µs"),
            (123_456_789, "123ms"),
        ] {
            assert_eq!(format!("{:?}", rounded(nanoseconds)), text);
        }
    }
}
