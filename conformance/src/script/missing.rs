//! Replies that lack items, as those of a full store may.

use super::{
    expected::{Expected, first_word},
    matcher::Matcher,
};
use crate::dialect::Dialect;

impl Expected {
    /// Whether `got` equals the expected replies, as far as it goes, except for missing items.
    pub fn differs_by_missing_items(&self, dialect: &Dialect, got: &[u8]) -> bool {
        let mut replies = (dialect.replies)(got).messages.into_iter();
        let mut reply = replies.next();
        let mut missing = false;
        for expected in (dialect.replies)(&self.bytes).messages {
            let Some(at) = &reply else { break };
            let (range, found) = (expected.start..expected.resumes, &got[at.start..at.resumes]);
            if self.part(range).is_all_of(found) {
                reply = replies.next();
            } else if (dialect.continues)(first_word(
                &self.bytes[expected.start..expected.line_end],
            )) {
                missing = true;
            } else {
                return false;
            }
        }
        missing && reply.is_none()
    }

    fn is_all_of(&self, bytes: &[u8]) -> bool {
        let mut matcher = Matcher::new(self);
        matcher.feed(bytes);
        !matcher.differs && matcher.at == self.bytes.len() && matcher.matched == bytes.len()
    }
}
