//! A batch: requests that are sent together, and the check of their replies, in order.

use std::ops::Range;

use super::{client::Answer, dataset::Dataset, stats::Stats, workload::PlannedRequest};

/// The fault of bytes that come after the last reply.
pub const EXTRA: &str = "more bytes came than the replies to the requests";

/// Requests that are sent together, and how many of them are answered.
#[derive(Default)]
pub struct Batch {
    requests: Vec<PlannedRequest>,
    /// The keys of all gets.
    keys: Vec<u32>,
    /// How many requests are answered.
    answered: usize,
    /// The keys that may still come in answer to the next request, as a part of `keys`.
    expected: Range<usize>,
}

/// What the check of a reply found.
pub enum Verdict {
    Right,
    /// `SERVER_ERROR`: the server rejected the request, and the connection continues.
    Refused,
    Wrong(String),
}

impl Batch {
    pub fn clear(&mut self) {
        self.requests.clear();
        self.keys.clear();
        self.answered = 0;
        self.expected = 0..0;
    }

    /// How many requests it has.
    pub fn len(&self) -> usize {
        self.requests.len()
    }

    pub fn is_answered(&self) -> bool {
        self.answered == self.requests.len()
    }

    /// How many requests are not answered.
    pub fn pending(&self) -> usize {
        self.requests.len() - self.answered
    }

    /// Appends a request; `keys` are those of a get. Returns them.
    pub fn push(&mut self, request: PlannedRequest, keys: impl IntoIterator<Item = u32>) -> &[u32] {
        let first = self.keys.len();
        self.keys.extend(keys);
        self.requests.push(request);
        if self.requests.len() == 1 {
            self.expected = 0..request.keys();
        }
        &self.keys[first..]
    }

    /// Counts the next request as answered.
    pub fn advance(&mut self) {
        self.answered += 1;
        let keys = self.requests.get(self.answered).map_or(0, |request| request.keys());
        self.expected = self.expected.end..self.expected.end + keys;
    }

    /// The request that is answered next, or else the last one, and its keys; `None`, if there is
    /// no request.
    pub fn current(&self) -> Option<(PlannedRequest, &[u32])> {
        let index = self.answered.min(self.requests.len().checked_sub(1)?);
        let before: usize = self.requests[..index].iter().map(|request| request.keys()).sum();
        let request = self.requests[index];
        Some((request, &self.keys[before..before + request.keys()]))
    }

    /// Checks a reply, and counts what is right.
    #[inline]
    pub fn check(&mut self, answer: Answer<'_>, dataset: &Dataset, stats: &mut Stats) -> Verdict {
        let wrong = |what: &str| Verdict::Wrong(what.to_owned());
        let Some(request) = self.requests.get(self.answered) else { return wrong(EXTRA) };
        match (request, answer) {
            (PlannedRequest::Set { .. }, Answer::Stored) => {
                stats.replies += 1;
                self.advance();
            }
            (PlannedRequest::Get { .. }, Answer::Value(key, value)) => {
                let mut expected = self.keys[self.expected.clone()].iter();
                // In the order of the request; misses are left out.
                let found = dataset.number(key);
                let found =
                    found.and_then(|number| Some((number, expected.position(|k| *k == number)?)));
                let Some((number, misses)) = found else {
                    return wrong("this key was not requested, or not at this position");
                };
                if !dataset.is_value_of(number, &value) {
                    let place = dataset.first_difference(number, &value).unwrap_or(0);
                    let what = "the value was never stored under this key";
                    return Verdict::Wrong(format!("{what}: byte {place} differs"));
                }
                self.expected.start += misses + 1;
                stats.misses += misses as u64;
                stats.hits += 1;
            }
            (PlannedRequest::Get { .. }, Answer::End) => {
                stats.misses += self.expected.len() as u64;
                stats.replies += 1;
                self.advance();
            }
            (_, Answer::Refused) => return Verdict::Refused,
            (_, Answer::Stored | Answer::Value(..) | Answer::End | Answer::Other) => {
                return wrong("this is no reply to the request");
            }
        }
        Verdict::Right
    }
}
