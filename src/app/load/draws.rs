//! What is asked next: all of it follows from the seed and the connection's number.

use std::str::FromStr;

use rand::{Rng as _, SeedableRng as _, rngs::SmallRng};
use rand_distr::{Distribution as _, Uniform, Zipf};

use super::items::VERSIONS;

/// How often each key is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Popularity {
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
            _ => Err("expected uniform or zipf:THETA, such as zipf:0.99; THETA from 0.01 to 10"),
        }
    }
}

/// What is drawn from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chances {
    /// So many gets for so many sets.
    pub(super) mix: (u32, u32),
    pub(super) keys: u32,
    pub(super) popularity: Popularity,
    /// The smallest and the largest value.
    pub(super) sizes: (u32, u32),
}

/// A request. What is got stands beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Get { keys: u32 },
    Set { key: u32, version: u8, size: u32 },
}

impl Asked {
    /// How many keys are got.
    pub(super) fn keys(self) -> usize {
        match self {
            Self::Get { keys } => keys as usize,
            Self::Set { .. } => 0,
        }
    }
}

/// The requests of one connection.
pub(super) struct Draws {
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

impl Draws {
    /// `None`, if there is nothing to draw from.
    pub(super) fn new(chances: &Chances, seed: u64, connection: u64) -> Option<Self> {
        let Chances { mix: (gets, sets), keys, popularity, sizes } = *chances;
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

    pub(super) fn is_get(&mut self) -> bool {
        self.kinds.sample(&mut self.random) < self.gets
    }

    pub(super) fn key(&mut self) -> u32 {
        match self.keys {
            Keys::Uniform(keys) => keys.sample(&mut self.random),
            Keys::Zipf(keys) => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a whole number from 1 on"
                )]
                let rank = keys.sample(&mut self.random) as u32;
                // Where a sum was rounded, it may be one too many.
                (rank - 1).min(self.last)
            }
        }
    }

    pub(super) fn set(&mut self, key: u32) -> Asked {
        let version = self.random.next_u32().to_le_bytes()[0] % VERSIONS;
        Asked::Set { key, version, size: self.sizes.sample(&mut self.random) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANCES: Chances =
        Chances { mix: (90, 10), keys: 1000, popularity: Popularity::Uniform, sizes: (10, 20) };

    fn draws(chances: &Chances, seed: u64, connection: u64) -> Draws {
        Draws::new(chances, seed, connection).expect("there is something to draw from")
    }

    fn counts(chances: &Chances, times: usize) -> Vec<f64> {
        let mut draws = draws(chances, 1, 0);
        let mut counts = vec![0.0; chances.keys as usize];
        for _ in 0..times {
            counts[draws.key() as usize] += 1.0;
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
    fn uniform_keys_are_drawn_alike() {
        let counts = counts(&CHANCES, 1_000_000);
        let surprise = surprise(&counts, |_| 1000.0);
        assert!(surprise.abs() < 4.0, "{surprise}");
    }

    #[test]
    fn zipf_is_what_it_says() {
        for theta in [0.2, 0.99, 1.0, 1.5] {
            let chances = Chances { popularity: Popularity::Zipf(theta), keys: 100, ..CHANCES };
            let counts = counts(&chances, 1_000_000);
            let weight = |key: usize| f64::from(u32::try_from(key + 1).expect("few")).powf(-theta);
            let all: f64 = (0..counts.len()).map(weight).sum();
            let surprise = surprise(&counts, |key| 1_000_000.0 * weight(key) / all);
            assert!(surprise.abs() < 4.0, "{theta}: {surprise}");
        }
    }

    #[test]
    fn kinds_and_sizes_are_drawn_as_asked_for() {
        let mut draws = draws(&CHANCES, 1, 0);
        let gets = (0..100_000).filter(|_| draws.is_get()).count();
        // Six standard deviations.
        assert!((89_430..90_570).contains(&gets), "{gets}");
        let (mut sizes, mut versions) = ([0; 21], [0; VERSIONS as usize]);
        for _ in 0..10_000 {
            let Asked::Set { key: 5, version, size } = draws.set(5) else { panic!("a set") };
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
            let mut draws = draws(&CHANCES, seed, connection);
            let one = |_| (draws.is_get(), draws.key(), draws.set(0));
            (0..100).map(one).collect::<Vec<_>>()
        };
        assert_eq!(stream(1, 0), stream(1, 0));
        assert_ne!(stream(1, 0), stream(2, 0));
        assert_ne!(stream(1, 0), stream(1, 1));
        assert_ne!(stream(1, 1), stream(2, 0));
    }

    #[test]
    fn popularities_are_read() {
        assert_eq!("uniform".parse(), Ok(Popularity::Uniform));
        assert_eq!("zipf:0.99".parse(), Ok(Popularity::Zipf(0.99)));
        for wrong in ["", "zipf", "zipf:", "zipf:0", "zipf:-1", "zipf:nan", "zipf:inf", "Uniform"] {
            assert!(wrong.parse::<Popularity>().is_err(), "{wrong}");
        }
    }
}
