//! Numbers, sizes, durations and addresses, as command-line arguments. Every error says what is
//! allowed.

use std::{fmt::Display, ops::RangeInclusive, str::FromStr, time::Duration};

/// A number of bytes, from 1 to 1024m: digits, perhaps with k or m after them.
#[derive(Clone, Copy, Debug)]
pub struct Size(pub usize);

impl FromStr for Size {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.trim_end_matches(['k', 'K', 'm', 'M']);
        let unit = match &text[digits.len()..] {
            "" => 1,
            "k" | "K" => 1 << 10,
            "m" | "M" => 1 << 20,
            _ => 0,
        };
        match digits.parse::<usize>().ok().and_then(|count| count.checked_mul(unit)) {
            Some(size @ 1..=0x4000_0000) => Ok(Self(size)),
            _ => Err("expected a size from 1 to 1024m, such as 1048576, 1024k or 1m"),
        }
    }
}

/// A parser of seconds, whole or not, for clap's `value_parser`. Seconds outside of `range`, and
/// what is not a number, are answered by the error `expected`.
pub fn seconds(
    range: RangeInclusive<f64>,
    expected: &'static str,
) -> impl Fn(&str) -> Result<Duration, &'static str> + Clone + Send + Sync + 'static {
    move |text| {
        let seconds = text.parse().ok().filter(|seconds| range.contains(seconds));
        seconds.map(Duration::from_secs_f64).ok_or(expected)
    }
}

/// A parser of whole numbers, for clap's `value_parser`.
pub fn number<T>(
    range: RangeInclusive<T>,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: FromStr + PartialOrd + Display + Clone + Send + Sync + 'static,
{
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| {
            let (least, most) = (range.start(), range.end());
            format!("expected a whole number from {least} to {most}")
        })
    }
}

/// Parses the address of a server: an IP address or a name, and a port. The name is not looked up.
pub fn host_and_port(text: &str) -> Result<String, &'static str> {
    let is_host = |host: &str| match host.strip_prefix('[') {
        Some(host) => host.ends_with(']'),
        None => !host.is_empty() && !host.contains(':'),
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    match text.rsplit_once(':') {
        Some((host, port)) if is_host(host) && is_port(port) => Ok(text.to_owned()),
        _ => Err("expected HOST:PORT, such as 127.0.0.1:11211 or [::1]:11211"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_bytes_kibibytes_or_mebibytes() {
        for (text, bytes) in [
            ("1", 1),
            ("100", 100),
            ("4k", 4096),
            ("4K", 4096),
            ("1m", 1 << 20),
            ("1024M", 1 << 30),
        ] {
            assert_eq!(text.parse::<Size>().map(|size| size.0), Ok(bytes), "{text}");
        }
        for wrong in ["", "0", "k", "1kk", "1km", "1g", "-1", "1025m", "99999999999999999999m"] {
            assert!(wrong.parse::<Size>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn seconds_are_limited_to_a_range() {
        let parse = seconds(0.01..=3600.0, "expected seconds");
        assert_eq!(parse("2"), Ok(Duration::from_secs(2)));
        assert_eq!(parse("0.5"), Ok(Duration::from_millis(500)));
        for wrong in ["", "x", "0", "-1", "0.001", "3601", "nan", "inf", "1e400"] {
            assert_eq!(parse(wrong), Err("expected seconds"), "{wrong}");
        }
    }
    #[test]
    fn numbers_are_limited_to_a_range() {
        let parse = number(1..=1024_u32);
        assert_eq!((parse("1"), parse("1024")), (Ok(1), Ok(1024)));
        for wrong in ["", "0", "1025", "-1", "1.5", "x", "99999999999999999999"] {
            let error = "expected a whole number from 1 to 1024".to_owned();
            assert_eq!(parse(wrong), Err(error), "{wrong}");
        }
    }

    #[test]
    fn addresses_have_a_host_and_a_port() {
        for address in ["127.0.0.1:11211", "localhost:1", "[::1]:65535"] {
            assert_eq!(host_and_port(address).as_deref(), Ok(address));
        }
        for wrong in
            ["", ":", "127.0.0.1", ":11211", "a:", "a:0", "a:65536", "a:x", "::1", "[::1:1"]
        {
            assert!(host_and_port(wrong).is_err(), "{wrong}");
        }
    }
}
