//! Vectors that pass by themselves, with others on one connection.

use std::collections::BTreeSet;

use super::{confirm::eviction_note, shared::Runner};
use crate::{
    delivery::Delivery,
    exchange::Ending,
    failure::FailedExchange,
    results::{DeliveryResult, VectorResult, Verdict},
    script::Script,
    splits::conversation_cuts,
    target::Host,
    vectors::Vector,
};

/// How many vectors share a connection.
const TOGETHER: usize = 10;

/// A long conversation has at least this many requests, …
const REQUESTS: usize = 500;

/// … of vectors that send at most this many bytes.
const SMALL: usize = 4096;

/// Vectors, as indices, that are delivered on one connection.
struct Group {
    delivery: Delivery,
    members: Vec<usize>,
}

impl Runner {
    /// Delivers vectors that pass by themselves together with others, and records the outcome in
    /// their results. It returns the vectors that were selected for this.
    pub async fn run_grouped(
        &self,
        vectors: &[Vector],
        results: &mut [VectorResult],
    ) -> BTreeSet<usize> {
        let fit: Vec<usize> = (0..vectors.len())
            .filter(|index| results[*index].verdict == Verdict::Pass)
            .filter(|index| self.can_be_grouped(&vectors[*index]))
            .collect();
        let groups = self.groups(vectors, &fit);
        let grouped = groups.iter().flat_map(|group| &group.members).copied().collect();
        if groups.is_empty() || self.is_unreachable() || self.is_stopped() {
            return grouped;
        }
        let Ok(mut host) = self.target.host().await else { return grouped };
        for group in &groups {
            if self.is_unreachable() {
                return grouped;
            }
            let members: Vec<_> = group.members.iter().map(|index| &vectors[*index]).collect();
            let failed = self.run_group(&host, group.delivery, &members).await;
            let failed_at = failed.as_ref().map(|(at, _)| *at);
            count(group, failed_at, fit.last(), results);
            if let Some((at, failed)) = failed {
                let result = &mut results[group.members[at]];
                if self.is_eviction(&failed) && result.note.is_none() {
                    result.note = Some(eviction_note(&failed));
                    if let Some(delivered) = result.deliveries.get_mut(&group.delivery) {
                        delivered.passed = true;
                    }
                    continue;
                }
                if !result.verdict.is_failure() {
                    self.fail(result, members[at], &failed);
                }
                match self.target.renew(&host).await {
                    Ok(new) => host = new,
                    Err(_) => return grouped,
                }
            }
        }
        grouped
    }

    /// Whether others can follow the vector on the same connection, and at the same time.
    fn can_be_grouped(&self, vector: &Vector) -> bool {
        let script = Script::new(self.dialect, vector, "");
        script.clean
            && !script.disturbs
            && script.placeholders.is_empty()
            && script.sleeps.is_empty()
    }

    /// The groups of all requested deliveries.
    fn groups(&self, vectors: &[Vector], fit: &[usize]) -> Vec<Group> {
        let group = |delivery, members: &[usize]| Group { delivery, members: members.to_vec() };
        let mut groups = vec![];
        if self.delivers(Delivery::Pipelined) {
            groups.extend(fit.windows(2).map(|pair| group(Delivery::Pipelined, pair)));
        }
        if self.delivers(Delivery::Together) {
            groups.extend(fit.chunks(TOGETHER).map(|some| group(Delivery::Together, some)));
        }
        if self.delivers(Delivery::Conversation) {
            let is_small = |index: &&usize| vectors[**index].sent().len() <= SMALL;
            let mut all: Vec<usize> = fit.iter().filter(is_small).copied().collect();
            let requests =
                |index: &usize| (self.dialect.requests)(&vectors[*index].sent()).messages.len();
            let round: usize = all.iter().map(requests).sum();
            if round > 0 {
                all = all.repeat(REQUESTS.div_ceil(round));
                fastrand::Rng::with_seed(1).shuffle(&mut all);
                groups.push(group(Delivery::Conversation, &all));
            }
        }
        groups
    }

    /// Runs a group. It returns which member fails, and how.
    async fn run_group(
        &self,
        host: &Host,
        delivery: Delivery,
        members: &[&Vector],
    ) -> Option<(usize, FailedExchange)> {
        let wait = delivery == Delivery::Together;
        let renamed = true;
        let (_, ends) = self.script(members, wait, renamed);
        let make = || self.script(members, wait, renamed).0;
        let cuts = match delivery {
            Delivery::Conversation => conversation_cuts(1, make().before_probe().len()),
            _ => vec![],
        };
        let (script, outcome) = self.exchange(host, &make, &cuts).await;
        if outcome.ending == Ending::Pass {
            return None;
        }
        let at = ends.partition_point(|end| *end <= outcome.at).min(members.len() - 1);
        let mut failed = FailedExchange::new(delivery, script, cuts, outcome);
        failed.whole_passes = true;
        failed.preceding = members[..at].iter().map(|vector| vector.id.clone()).collect();
        if self.may_be_eviction(&failed) {
            self.confirm(host, &make, &mut failed).await;
            if self.is_eviction(&failed) {
                return Some((at, failed));
            }
        }
        if delivery == Delivery::Conversation {
            return Some((at, failed));
        }
        // One neighbour may be enough.
        if at > 0
            && let Ok(host) = self.target.renew(host).await
        {
            let pair = &members[at - 1..=at];
            let (script, _) = self.script(pair, wait, renamed);
            let outcome = self.attempt(&host, &script, &[], self.pace, false).await;
            if outcome.ending != Ending::Pass {
                failed.preceding = vec![pair[0].id.clone()];
                (failed.script, failed.outcome) = (script, outcome);
            }
        }
        Some((at, failed))
    }
}

/// Counts the delivery for each member up to the one that failed. `last` is the last vector of all
/// that can be grouped.
fn count(
    group: &Group,
    failed_at: Option<usize>,
    last: Option<&usize>,
    results: &mut [VectorResult],
) {
    for (place, index) in group.members.iter().enumerate() {
        if failed_at.is_some_and(|at| place > at) {
            return;
        }
        // Of a pair that is pipelined, the first one counts, and in the last pair the second, too.
        let is_last = last == Some(index);
        if group.delivery == Delivery::Pipelined && place == 1 && failed_at.is_none() && !is_last {
            return;
        }
        let entry = results[*index].deliveries.entry(group.delivery);
        let delivered = entry.or_insert(DeliveryResult { runs: 0, passed: true });
        delivered.runs += 1;
        delivered.passed &= failed_at != Some(place);
    }
}
