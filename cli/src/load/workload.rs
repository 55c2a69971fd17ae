//! The requests of each connection: they follow from the seed and the connection's number.

use std::str::FromStr;

use rand::{Rng as _, SeedableRng as _, rngs::SmallRng};
use rand_distr::{Distribution as _, Uniform, Zipf};

use super::dataset::VERSIONS;

/// How often each key is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Popularity {
    Uniform,
    /// The key of number k in proportion to 1 / (k + 1)^theta.
    Zipf(f64),
}

impl FromStr for Popularity {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let theta = text.strip_prefix("zipf:").map(str::parse);
        match (text, theta) {
            ("uniform", _) => Ok(Self::Uniform),
            (_, Some(Ok(theta))) if (0.01..=10.0).contains(&theta) => Ok(Self::Zipf(theta)),
            _ => Err("expected uniform or zipf:THETA, THETA from 0.01 to 10, such as zipf:0.99"),
        }
    }
}

/// What requests are chosen from.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// The proportion of gets to sets.
    pub mix: (u32, u32),
    pub keys: u32,
    pub popularity: Popularity,
    /// The smallest and the largest value.
    pub sizes: (u32, u32),
}

/// A request. The keys of a get are kept separately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlannedRequest {
    Get { keys: u32 },
    Set { key: u32, version: u8, size: u32 },
}

impl PlannedRequest {
    /// How many keys a get has.
    pub fn keys(self) -> usize {
        match self {
            Self::Get { keys } => keys as usize,
            Self::Set { .. } => 0,
        }
    }
}

/// The requests of one connection.
pub struct Workload {
    random: SmallRng,
    gets: u32,
    kinds: Uniform<u32>,
    keys: Keys,
    last: u32,
    sizes: Uniform<u32>,
}

enum Keys {
    Uniform(Uniform<u32>),
    Zipf(Zipf<f64>),
}

impl Workload {
    /// `None`, if there is nothing to choose from: no keys, or neither gets nor sets.
    pub fn new(profile: &Profile, seed: u64, connection: u64) -> Option<Self> {
        let Profile { mix: (gets, sets), keys, popularity, sizes } = *profile;
        let last = keys.checked_sub(1)?;
        // Seeds and connections next to each other have nothing in common.
        let mut seeds = SmallRng::seed_from_u64(seed);
        let seed = seeds.next_u64().wrapping_add(connection);
        Some(Self {
            random: SmallRng::seed_from_u64(seed),
            gets,
            kinds: Uniform::new(0, gets.checked_add(sets)?).ok()?,
            keys: match popularity {
                Popularity::Uniform => Keys::Uniform(Uniform::new_inclusive(0, last).ok()?),
                Popularity::Zipf(theta) => Keys::Zipf(Zipf::new(f64::from(keys), theta).ok()?),
            },
            last,
            sizes: Uniform::new_inclusive(sizes.0, sizes.1).ok()?,
        })
    }

    /// Whether the next request is a get.
    pub fn is_get(&mut self) -> bool {
        self.kinds.sample(&mut self.random) < self.gets
    }

    /// The next key.
    pub fn key(&mut self) -> u32 {
        match self.keys {
            Keys::Uniform(keys) => keys.sample(&mut self.random),
            Keys::Zipf(keys) => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a whole number from 1 on"
                )]
                let rank = keys.sample(&mut self.random) as u32;
                // Rounding may give a rank that is too large by one.
                (rank - 1).min(self.last)
            }
        }
    }

    /// A set of this key, to a version and a size chosen at random.
    pub fn set(&mut self, key: u32) -> PlannedRequest {
        let version = self.random.next_u32().to_le_bytes()[0] % VERSIONS;
        PlannedRequest::Set { key, version, size: self.sizes.sample(&mut self.random) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILE: Profile =
        Profile { mix: (90, 10), keys: 1000, popularity: Popularity::Uniform, sizes: (10, 20) };

    fn workload(profile: &Profile, seed: u64, connection: u64) -> Workload {
        Workload::new(profile, seed, connection).expect("there are keys")
    }

    fn counts(profile: &Profile, times: usize) -> Vec<f64> {
        let mut workload = workload(profile, 1, 0);
        let mut counts = vec![0.0; profile.keys as usize];
        for _ in 0..times {
            counts[workload.key() as usize] += 1.0;
        }
        counts
    }

    /// Pearson's statistic, less what it is on average, in its standard deviations.
    fn surprise(counts: &[f64], expected: impl Fn(usize) -> f64) -> f64 {
        let terms = counts.iter().enumerate().map(|(key, count)| {
            let expected = expected(key);
            (count - expected).powi(2) / expected
        });
        #[expect(clippy::cast_precision_loss, reason = "few")]
        let freedom = (counts.len() - 1) as f64;
        (terms.sum::<f64>() - freedom) / (2.0 * freedom).sqrt()
    }

    #[test]
    fn uniform_keys_are_equally_likely() {
        let counts = counts(&PROFILE, 1_000_000);
        let surprise = surprise(&counts, |_| 1000.0);
        assert!(surprise.abs() < 4.0, "{surprise}");
    }

    #[test]
    fn zipf_keys_follow_their_distribution() {
        for theta in [0.2, 0.99, 1.0, 1.5] {
            let profile = Profile { popularity: Popularity::Zipf(theta), keys: 100, ..PROFILE };
            let counts = counts(&profile, 1_000_000);
            let weight = |key: usize| f64::from(u32::try_from(key + 1).expect("few")).powf(-theta);
            let all: f64 = (0..counts.len()).map(weight).sum();
            let surprise = surprise(&counts, |key| 1_000_000.0 * weight(key) / all);
            assert!(surprise.abs() < 4.0, "{theta}: {surprise}");
        }
    }

    #[test]
    fn kinds_and_sizes_follow_the_profile() {
        let mut workload = workload(&PROFILE, 1, 0);
        let gets = (0..100_000).filter(|_| workload.is_get()).count();
        // Six standard deviations.
        assert!((89_430..90_570).contains(&gets), "{gets}");
        let (mut sizes, mut versions) = ([0; 21], [0; VERSIONS as usize]);
        for _ in 0..10_000 {
            let PlannedRequest::Set { key: 5, version, size } = workload.set(5) else {
                panic!("a set")
            };
            sizes[size as usize] += 1;
            versions[usize::from(version)] += 1;
        }
        assert!(sizes[..10].iter().all(|count| *count == 0));
        assert!(sizes[10..].iter().all(|count| (700..1120).contains(count)), "{sizes:?}");
        assert!(versions.iter().all(|count| (450..800).contains(count)), "{versions:?}");
    }

    #[test]
    fn a_seed_gives_the_same_requests() {
        let stream = |seed, connection| {
            let mut workload = workload(&PROFILE, seed, connection);
            let one = |_| (workload.is_get(), workload.key(), workload.set(0));
            (0..100).map(one).collect::<Vec<_>>()
        };
        assert_eq!(stream(1, 0), stream(1, 0));
        assert_ne!(stream(1, 0), stream(2, 0));
        assert_ne!(stream(1, 0), stream(1, 1));
        assert_ne!(stream(1, 1), stream(2, 0));
    }

    #[test]
    fn popularities_are_parsed() {
        assert_eq!("uniform".parse(), Ok(Popularity::Uniform));
        assert_eq!("zipf:0.99".parse(), Ok(Popularity::Zipf(0.99)));
        for wrong in ["", "zipf", "zipf:", "zipf:0", "zipf:-1", "zipf:nan", "zipf:inf", "Uniform"] {
            assert!(wrong.parse::<Popularity>().is_err(), "{wrong}");
        }
    }
}
