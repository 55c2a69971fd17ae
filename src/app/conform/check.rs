//! Says vectors to a subject in every way that was asked for, and judges what comes of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::{
    sync::RwLock,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    converse::{Ending, Outcome, Pace, converse},
    cuts::{Split, conversation_cuts},
    report::{describe, escaped},
    result::{Delivered, VectorResult, Verdict, Way},
    script::Script,
    subject::{Host, Subject},
};
use crate::vectors::{Dialect, Vector};

/// A conversation that took too long is held again, alone, with so many times the patience, before
/// the subject is called too slow.
const SLOWER: u32 = 4;

/// Only so many times if hardly anything else passes.
const RETRIES: usize = 3;

/// A failure is said again so often, to see if it always is one.
const AGAIN: u32 = 2;

/// So often, if an item was missing that a full store may have given up.
const AGAIN_FOR_ITEMS: u32 = 8;

/// A vector for which that happens more often than this fails, and than once in so many times.
const LOST: u32 = 2;
const LOST_ONCE_IN: u32 = 64;

/// At most so many conversations, and so long, to find a smaller failure.
const SHRINKS: usize = 200;
const SHRINKING: Duration = Duration::from_secs(20);

/// So many vectors share a connection.
const TOGETHER: usize = 10;

/// A long conversation has at least so many requests, ...
const REQUESTS: usize = 500;

/// ... of vectors that send no more than this, in bytes.
const SMALL: usize = 4096;

/// Why something is not run.
const ANOTHER: &str = "another one failed before";

/// The longest pause between two chunks, and the shortest.
const PAUSES: [Duration; 2] = [Duration::from_micros(300), Duration::from_millis(20)];

pub(super) struct Checker {
    pub subject: Subject,
    pub dialect: &'static Dialect,
    pub splits: Vec<Split>,
    pub pace: Pace,
    pub jobs: usize,
    pub fail_fast: bool,
    /// What keys begin with, so that no other run has the same.
    pub token: String,
    /// Vectors whose keys have the same names each time.
    pub renamed_alike: BTreeSet<String>,
    pub names: AtomicU64,
    /// Held to write by a conversation that is to be alone.
    pub alone: RwLock<()>,
    pub passed: AtomicUsize,
    pub slow: AtomicUsize,
    /// Set when there is no use in going on.
    pub stop: AtomicBool,
    /// Set when nobody can be reached any more.
    pub gone: AtomicBool,
}

/// A conversation that went wrong.
pub(super) struct Fault {
    pub way: Way,
    pub script: Script,
    pub cuts: Vec<usize>,
    pub outcome: Outcome,
    /// How often it went wrong, of how many times.
    pub failed: [u32; 2],
    pub whole_passes: bool,
    /// The vectors before this one on the same connection.
    pub behind: Vec<String>,
}

impl Checker {
    fn prefix(&self) -> String {
        // Of one length, so that cuts stay where they are.
        format!("{}{:05x}-", self.token, self.names.fetch_add(1, Relaxed))
    }

    /// What a vector's keys begin with, where the store is not its own.
    fn prefix_of(&self, vector: &Vector) -> String {
        if self.renamed_alike.contains(&vector.id) {
            // As long as any other.
            return format!("suite{:04x}-", vector.line);
        }
        self.prefix()
    }

    fn ways(&self) -> impl Iterator<Item = Way> {
        self.splits.iter().map(|split| split.way())
    }

    /// A vector with keys that were never used.
    pub fn fresh(&self, vector: &Vector) -> Script {
        Script::new(self.dialect, vector, &self.prefix_of(vector))
    }

    /// `renamed`: with keys of its own.
    fn script(&self, vectors: &[&Vector], wait: bool, renamed: bool) -> (Script, Vec<usize>) {
        let mut all: Option<Script> = None;
        let mut ends = vec![];
        for vector in vectors {
            let prefix = if renamed { self.prefix_of(vector) } else { String::new() };
            let script = Script::new(self.dialect, vector, &prefix);
            match &mut all {
                None => all = Some(script),
                Some(all) => all.join(&script, wait),
            }
            ends.push(all.as_ref().map_or(0, |all| all.expected.bytes.len()));
        }
        let mut script = all.unwrap_or_default();
        if script.clean && !self.subject.is_filter() {
            script.probe(self.dialect, &format!("{}probe", self.prefix()));
        }
        (script, ends)
    }

    /// `alone`: while nothing else is going on, as it is with what disturbs others.
    async fn attempt(
        &self,
        host: &Host,
        script: &Script,
        cuts: &[usize],
        pace: Pace,
        alone: bool,
    ) -> Outcome {
        let alone = alone || script.disturbs && self.subject.is_shared();
        if !alone {
            let _with_others = self.alone.read().await;
            return self.say(host, script, cuts, pace).await;
        }
        let _alone = self.alone.write().await;
        let outcome = self.say(host, script, cuts, pace).await;
        if script.disturbs && outcome.ending != Ending::Right {
            // What it did may come when it was to wait for it.
            sleep(script.sleeps.iter().map(|(_, time)| *time).sum()).await;
        }
        outcome
    }

    async fn say(&self, host: &Host, script: &Script, cuts: &[usize], pace: Pace) -> Outcome {
        let mut outcome = match host.link().await {
            Ok(link) => converse(script, cuts, link, self.subject.is_filter(), pace).await,
            Err(error) => {
                self.gone.store(self.subject.is_shared(), Relaxed);
                let ending = Ending::Crashed(error);
                return Outcome { got: vec![], ending, fits: 0, at: 0, said: String::new() };
            }
        };
        if !matches!(outcome.ending, Ending::Right | Ending::Crashed(_))
            && let Some(how) = host.crashed().await
        {
            self.gone.store(self.subject.is_shared(), Relaxed);
            outcome.ending = Ending::Crashed(how);
        }
        if let Ending::Closed { .. } = outcome.ending {
            outcome.said = host.last_words().await;
        }
        outcome
    }

    /// One conversation; if it is too slow, another one while nothing else is going on.
    async fn converse(
        &self,
        host: &Host,
        make: &(impl Fn() -> Script + Sync),
        cuts: &[usize],
    ) -> (Script, Outcome) {
        let script = make();
        let outcome = self.attempt(host, &script, cuts, self.pace, false).await;
        if !matches!(outcome.ending, Ending::TimedOut { .. }) {
            return (script, outcome);
        }
        let slow = self.slow.fetch_add(1, Relaxed);
        if slow >= RETRIES && self.passed.load(Relaxed) < 4 * slow {
            return (script, outcome);
        }
        let script = make();
        let pace = Pace { patience: self.pace.patience * SLOWER, ..self.pace };
        let outcome = self.attempt(host, &script, cuts, pace, true).await;
        (script, outcome)
    }

    /// What takes seconds is said once, whole if that is asked for.
    fn splits_of(&self, vector: &Vector) -> Vec<Split> {
        let alone = self.splits.iter().filter(|split| split.way().is_alone()).copied();
        if !vector.takes_time() {
            return alone.collect();
        }
        alone.min_by_key(|split| split.way() != Way::Whole).into_iter().collect()
    }

    /// All deliveries of one vector by itself.
    async fn vector(&self, vector: &Vector) -> VectorResult {
        let since = Instant::now();
        let mut result = VectorResult::new(vector);
        let mut faults: Vec<Fault> = vec![];
        let (mut lost, mut all_runs) = (0, 0);
        let mut host = self.subject.host().await;
        let mut whole_passes = false;
        'ways: for split in self.splits_of(vector) {
            let way = split.way();
            let renamed =
                !self.subject.is_filter() && (way != Way::Whole || self.subject.is_shared());
            let make = || self.script(&[vector], true, renamed).0;
            let mut runs = 0;
            for cuts in split.cuts(&make(), self.subject.is_shared()) {
                if self.stop.load(Relaxed) && faults.is_empty() {
                    return VectorResult::not_run(vector, ANOTHER);
                }
                let at = match &host {
                    Ok(host) => host,
                    Err(why) => {
                        result.verdict = Verdict::Crashed;
                        result.note = Some(why.clone());
                        break 'ways;
                    }
                };
                let (script, outcome) = self.converse(at, &make, &cuts).await;
                runs += 1;
                all_runs += 1;
                if outcome.ending == Ending::Right {
                    if script.disturbs {
                        // What it did may not be over.
                        host = self.renewed(at).await;
                    }
                    continue;
                }
                let dear = matches!(outcome.ending, Ending::TimedOut { .. });
                // What it left behind may spoil what comes next.
                host = self.renewed(at).await;
                let mut fault = Fault {
                    way,
                    script,
                    cuts,
                    outcome,
                    failed: [1, 1],
                    whole_passes,
                    behind: vec![],
                };
                if let (Ok(at), false) = (&host, dear || self.gone.load(Relaxed)) {
                    self.confirm(at, &make, &mut fault).await;
                    if lost < LOST.max(all_runs / LOST_ONCE_IN) && self.has_given_up(&fault) {
                        lost += 1;
                        result.note = Some(given_up(&fault));
                        continue;
                    }
                }
                faults.push(fault);
                if self.fail_fast {
                    self.stop.store(true, Relaxed);
                    break 'ways;
                }
                let gone = self.gone.load(Relaxed);
                result.deliveries.insert(way, Delivered { runs, passed: false });
                if dear || gone {
                    break 'ways;
                }
                continue 'ways;
            }
            if runs > 0 {
                whole_passes |= way == Way::Whole;
                result.deliveries.insert(way, Delivered { runs, passed: true });
            }
        }
        if let Some(mut fault) = faults.into_iter().min_by_key(|fault| fault.cuts.len()) {
            if let Ok(host) = &host
                && fault.cuts.len() > 1
                && !self.gone.load(Relaxed)
            {
                let renamed = !self.subject.is_filter();
                self.shrink(host, &|| self.script(&[vector], true, renamed).0, &mut fault).await;
            }
            result.fail(self, vector, &fault);
        }
        if result.verdict == Verdict::Pass {
            self.passed.fetch_add(1, Relaxed);
        }
        result.seconds = since.elapsed().as_secs_f64();
        result
    }

    /// A server of its own is started again.
    async fn renewed(&self, host: &Host) -> Result<Host, String> {
        match self.subject {
            Subject::Spawn(_) => self.subject.host().await,
            Subject::Tcp(_) | Subject::Stdio(_) => Ok(host.clone()),
        }
    }

    async fn confirm(&self, host: &Host, make: &(impl Fn() -> Script + Sync), fault: &mut Fault) {
        let pace = Pace { curious: false, ..self.pace };
        let lost = self.may_have_given_up(fault);
        for _ in 0..if lost { AGAIN_FOR_ITEMS } else { AGAIN } {
            let outcome = self.attempt(host, &make(), &fault.cuts, pace, false).await;
            fault.failed[0] += u32::from(outcome.ending != Ending::Right);
            fault.failed[1] += 1;
            if self.gone.load(Relaxed) || matches!(outcome.ending, Ending::Crashed(_)) {
                return;
            }
        }
    }

    /// Whether all that is wrong is that items are missing, as a full store gives up some.
    fn may_have_given_up(&self, fault: &Fault) -> bool {
        self.subject.is_shared()
            && fault.outcome.ending == Ending::Wrong
            && fault.script.expected.is_but_for_items(self.dialect, &fault.outcome.got)
    }

    /// And whether that did not come again, so that it can be told from a fault.
    fn has_given_up(&self, fault: &Fault) -> bool {
        fault.failed == [1, 1 + AGAIN_FOR_ITEMS] && self.may_have_given_up(fault)
    }

    /// Leaves cuts out, as long as it fails without them.
    async fn shrink(&self, host: &Host, make: &(impl Fn() -> Script + Sync), fault: &mut Fault) {
        let since = Instant::now();
        let mut host = host.clone();
        let mut size = fault.cuts.len().div_ceil(2);
        let mut from = 0;
        for _ in 0..SHRINKS {
            if from >= fault.cuts.len() {
                if size == 1 {
                    return;
                }
                size = size.div_ceil(2);
                from = 0;
            }
            if fault.cuts.len() <= 1 || since.elapsed() > SHRINKING || self.gone.load(Relaxed) {
                return;
            }
            let mut cuts = fault.cuts.clone();
            cuts.drain(from..(from + size).min(cuts.len()));
            if cuts.is_empty() {
                from += size;
                continue;
            }
            let script = make();
            let outcome = self.attempt(&host, &script, &cuts, self.pace, false).await;
            if outcome.ending == Ending::Right {
                from += size;
                continue;
            }
            match self.renewed(&host).await {
                Ok(new) => host = new,
                Err(_) => return,
            }
            (fault.cuts, fault.script, fault.outcome) = (cuts, script, outcome);
        }
    }

    /// All vectors, each by itself, then in company. `done` is told after each.
    pub async fn run(
        self: &Arc<Self>,
        vectors: &Arc<Vec<Vector>>,
        done: impl Fn(&VectorResult) + Send + Sync + 'static,
    ) -> Vec<VectorResult> {
        let done = Arc::new(done);
        // Those that wait come first, so that they do so at the same time.
        let (waiting, others): (Vec<_>, Vec<_>) =
            (0..vectors.len()).partition(|index| vectors[*index].takes_time());
        let queue = Arc::new([waiting, others].concat());
        let next = Arc::new(AtomicUsize::new(0));
        let mut workers = JoinSet::new();
        for _ in 0..self.jobs {
            let (checker, vectors) = (Arc::clone(self), Arc::clone(vectors));
            let (queue, next, done) = (Arc::clone(&queue), Arc::clone(&next), Arc::clone(&done));
            workers.spawn(async move {
                let mut results = vec![];
                while let Some(index) = queue.get(next.fetch_add(1, Relaxed)) {
                    let result = checker.one(&vectors[*index]).await;
                    done(&result);
                    results.push((*index, result));
                }
                results
            });
        }
        let mut results = vec![];
        while let Some(some) = workers.join_next().await {
            results.extend(some.unwrap_or_default());
        }
        results.sort_by_key(|(index, _)| *index);
        let mut results: Vec<_> = results.into_iter().map(|(_, result)| result).collect();
        let tried = self.in_company(vectors, &mut results).await;
        for (index, result) in results.iter_mut().enumerate() {
            if result.verdict == Verdict::Pass && result.deliveries.is_empty() {
                let unfit = "no way that --split names fits it";
                let why = if tried.contains(&index) { ANOTHER } else { unfit };
                *result = VectorResult::not_run(&vectors[index], why);
            }
        }
        results
    }

    /// A vector by itself, if there is use in it.
    async fn one(&self, vector: &Vector) -> VectorResult {
        let result = if self.gone.load(Relaxed) {
            VectorResult::not_run(vector, "the subject cannot be reached any more")
        } else if self.stop.load(Relaxed) {
            VectorResult::not_run(vector, ANOTHER)
        } else if vector.level.is_none() {
            self.record(vector).await
        } else {
            self.vector(vector).await
        };
        if self.fail_fast && result.verdict.is_failure() {
            self.stop.store(true, Relaxed);
        }
        result
    }

    /// What is answered where nobody says what should be.
    async fn record(&self, vector: &Vector) -> VectorResult {
        let mut result = VectorResult::new(vector);
        result.verdict = Verdict::Recorded;
        let recorded = async {
            let host = self.subject.host().await?;
            let (mut script, _) = self.script(&[vector], true, self.subject.is_shared());
            // Whatever comes before the probe's answer is what is looked for.
            script.waits.clear();
            let outcome = self.attempt(&host, &script, &[], self.pace, false).await;
            let answer = (self.dialect.probe)("").1.as_bytes();
            let got = &outcome.got[..];
            let shown = escaped(got.strip_suffix(answer).unwrap_or(got));
            Ok::<_, String>(match outcome.ending {
                Ending::TimedOut { .. } => format!("{shown}, and then nothing"),
                Ending::Closed { .. } => format!("{shown}, and the connection is closed"),
                Ending::Crashed(how) => format!("{shown}, and {how}"),
                _ => shown,
            })
        };
        result.note = Some(recorded.await.unwrap_or_else(|error| error));
        result
    }

    /// Vectors that pass by themselves, with others on one connection. It returns which were to be
    /// delivered so.
    async fn in_company(
        &self,
        vectors: &[Vector],
        results: &mut [VectorResult],
    ) -> BTreeSet<usize> {
        let fits = |vector: &Vector| {
            let script = Script::new(self.dialect, vector, "");
            script.clean && !script.disturbs && script.blanks.is_empty() && script.sleeps.is_empty()
        };
        let fine = |result: &VectorResult| result.verdict == Verdict::Pass;
        let company: Vec<usize> = (0..vectors.len())
            .filter(|index| fine(&results[*index]) && fits(&vectors[*index]))
            .collect();
        let mut groups: Vec<(Way, Vec<usize>)> = vec![];
        if self.ways().any(|way| way == Way::Pipelined) {
            groups.extend(company.windows(2).map(|pair| (Way::Pipelined, pair.to_vec())));
        }
        if self.ways().any(|way| way == Way::Together) {
            groups.extend(company.chunks(TOGETHER).map(|some| (Way::Together, some.to_vec())));
        }
        if self.ways().any(|way| way == Way::Conversation) {
            let small = |index: &&usize| vectors[**index].sent().len() <= SMALL;
            let mut all: Vec<usize> = company.iter().filter(small).copied().collect();
            let requests =
                |index: &usize| (self.dialect.requests)(&vectors[*index].sent()).messages.len();
            let round: usize = all.iter().map(requests).sum();
            if round > 0 {
                all = all.repeat(REQUESTS.div_ceil(round));
                fastrand::Rng::with_seed(1).shuffle(&mut all);
                groups.push((Way::Conversation, all));
            }
        }
        let tried = groups.iter().flat_map(|(_, group)| group).copied().collect();
        if groups.is_empty() || self.gone.load(Relaxed) || self.stop.load(Relaxed) {
            return tried;
        }
        let Ok(mut host) = self.subject.host().await else { return tried };
        for (way, group) in groups {
            if self.gone.load(Relaxed) {
                return tried;
            }
            let some: Vec<&Vector> = group.iter().map(|index| &vectors[*index]).collect();
            let fault = self.group(&host, way, &some).await;
            let failed = fault.as_ref().map(|(at, _)| *at);
            for (place, index) in group.iter().enumerate() {
                if failed.is_some_and(|at| place > at) {
                    break;
                }
                // Of a pair that is pipelined, the first one is looked at, and at last the second.
                let is_last = company.last() == Some(index);
                if way == Way::Pipelined && place == 1 && failed.is_none() && !is_last {
                    break;
                }
                let passed = failed != Some(place);
                let entry = results[*index].deliveries.entry(way);
                let delivered = entry.or_insert(Delivered { runs: 0, passed: true });
                delivered.runs += 1;
                delivered.passed &= passed;
            }
            if let Some((at, fault)) = fault {
                let result = &mut results[group[at]];
                if self.has_given_up(&fault) && result.note.is_none() {
                    result.note = Some(given_up(&fault));
                    if let Some(delivered) = result.deliveries.get_mut(&way) {
                        delivered.passed = true;
                    }
                    continue;
                }
                if !result.verdict.is_failure() {
                    result.fail(self, some[at], &fault);
                }
                match self.renewed(&host).await {
                    Ok(new) => host = new,
                    Err(_) => return tried,
                }
            }
        }
        tried
    }

    /// Which one of several fails in company, and how.
    async fn group(&self, host: &Host, way: Way, some: &[&Vector]) -> Option<(usize, Fault)> {
        let wait = way == Way::Together;
        let renamed = true;
        let (_, ends) = self.script(some, wait, renamed);
        let make = || self.script(some, wait, renamed).0;
        let cuts = match way {
            Way::Conversation => {
                let script = make();
                conversation_cuts(1, script.probe.unwrap_or(script.stream.len()))
            }
            _ => vec![],
        };
        let (script, outcome) = self.converse(host, &make, &cuts).await;
        if outcome.ending == Ending::Right {
            return None;
        }
        let at = ends.partition_point(|end| *end <= outcome.at).min(some.len() - 1);
        let behind = some[..at].iter().map(|vector| vector.id.clone()).collect();
        let mut fault =
            Fault { way, script, cuts, outcome, failed: [1, 1], whole_passes: true, behind };
        if self.may_have_given_up(&fault) {
            self.confirm(host, &make, &mut fault).await;
            if self.has_given_up(&fault) {
                return Some((at, fault));
            }
        }
        if way == Way::Conversation {
            return Some((at, fault));
        }
        // One neighbour may be enough.
        if at > 0
            && let Ok(host) = self.renewed(host).await
        {
            let pair = &some[at - 1..=at];
            let (script, _) = self.script(pair, wait, renamed);
            let outcome = self.attempt(&host, &script, &[], self.pace, false).await;
            if outcome.ending != Ending::Right {
                fault.behind = vec![pair[0].id.clone()];
                (fault.script, fault.outcome) = (script, outcome);
            }
        }
        Some((at, fault))
    }

    /// Finds out how long a subject takes to answer, and if it serves several clients at a time.
    pub async fn calibrate(&mut self) -> Result<(), String> {
        if self.subject.is_filter() {
            self.pace.pause = PAUSES[0];
            return self.subject.host().await.map(drop);
        }
        let host = self.subject.host().await?;
        let (script, _) = self.script(&[], true, true);
        let mut times = vec![];
        for _ in 0..8 {
            let link = host.link().await?;
            let since = Instant::now();
            let outcome = converse(&script, &[], link, false, self.pace).await;
            if outcome.ending != Ending::Right {
                // That is for the vectors to tell.
                return Ok(());
            }
            times.push(since.elapsed());
        }
        let fastest = times.into_iter().min().unwrap_or_default();
        self.pace.pause = (2 * fastest).clamp(PAUSES[0], PAUSES[1]);
        // While somebody else is connected, too?
        let other = host.link().await?;
        let alone = timeout(Duration::from_secs(1), async {
            let link = host.link().await?;
            Ok::<_, String>(converse(&script, &[], link, false, self.pace).await.ending)
        });
        if !matches!(alone.await, Ok(Ok(Ending::Right))) {
            self.jobs = 1;
        }
        drop(other);
        Ok(())
    }
}

fn given_up(fault: &Fault) -> String {
    let times = fault.failed[1];
    format!(
        "once, {}, an item was missing that was stored before; it was there {} times after that, \
         and a full store may give up items",
        fault.way,
        times - 1
    )
}

impl VectorResult {
    fn new(vector: &Vector) -> Self {
        Self {
            id: vector.id.clone(),
            title: vector.title.clone(),
            clauses: vector.clauses.clone(),
            level: vector.level,
            line: vector.line,
            verdict: Verdict::Pass,
            known: false,
            seconds: 0.0,
            deliveries: BTreeMap::new(),
            failure: None,
            note: None,
        }
    }

    fn not_run(vector: &Vector, why: &str) -> Self {
        let note = Some(why.to_owned());
        Self { verdict: Verdict::NotRun, note, ..Self::new(vector) }
    }

    pub fn unsupported(vector: &Vector, why: String) -> Self {
        let note = Some(why);
        Self { verdict: Verdict::Unsupported, note, ..Self::new(vector) }
    }

    fn fail(&mut self, checker: &Checker, vector: &Vector, fault: &Fault) {
        self.verdict = match fault.outcome.ending {
            Ending::Right => Verdict::Pass,
            Ending::Wrong => Verdict::Wrong,
            Ending::Early { .. } => Verdict::EarlyReply,
            Ending::Extra => Verdict::ExtraBytes,
            Ending::TimedOut { .. } => Verdict::TimedOut,
            Ending::Closed { .. } => Verdict::ClosedEarly,
            Ending::Crashed(_) => Verdict::Crashed,
        };
        self.failure = Some(describe(checker, vector, fault));
    }
}
