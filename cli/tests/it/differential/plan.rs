//! The plan of a session: all requests are sent, except those for which the [ledger](super::ledger)
//! has a difference.
//!
//! A session of memwire determines where a request ends, and the value of a key. If it is wrong,
//! both servers still receive the same bytes: too much may be left out, but no difference is
//! hidden.

use memwire::{
    Limits, Session as Server,
    dialect::classic::Requests,
    grammar::{Grammar as _, Line},
    store::Map,
};
use memwire_conformance::dialect::CLASSIC;

use super::{
    ledger::Known,
    replies::{FIRST, LAST, OTHER, Uniques, number, unique_of_cas},
};

const LIMITS: Limits = CLASSIC.limits;

/// A placeholder at the start of the keys of a [fresh](Session::fresh) session, as long as the
/// prefix that replaces it.
pub const PREFIX: &[u8; 6] = b"PREFIX";

#[derive(Clone)]
pub struct Session {
    /// Whether its keys were never used before. If not, other sessions have used and flushed them.
    pub fresh: bool,
    /// Whether `incr` and `decr` of values from 2^63 on are sent: see [`Known::Large`].
    pub large: bool,
    pub requests: Vec<Vec<u8>>,
}

/// No server returns larger CAS uniques, unless it runs for years.
const SMALL: u64 = 10_000_000_000_000;

/// The requests of a session, in connections one after the other: each is answered before the next
/// one starts.
pub struct Plan {
    pub connections: Vec<Vec<Vec<u8>>>,
    /// The ledger entries for which a request was left out, or moved to a connection of its own.
    pub met: Vec<Known>,
    /// Whether there is an `incr` or `decr` to which [`Known::Large`] may apply.
    pub large: bool,
}

impl Plan {
    /// Whether [`Known::Large`] may apply because of a minus sign in a value of this session.
    pub fn may_mislead(&self) -> bool {
        let has_minus = |request: &Vec<u8>| {
            let block = request.splitn(2, |byte| *byte == b'\n').nth(1).unwrap_or_default();
            block.contains(&b'-')
        };
        self.large && self.connections.iter().flatten().any(has_minus)
    }
}

/// What to do with a request.
enum Verdict {
    Send,
    /// Send it on a new connection, unless this one is new.
    Apart(Option<Known>),
    /// Leave it out.
    Omit(Known),
}

/// What was flushed: in memcached, a delayed flush restores items that were flushed before
/// ([`Known::FlushLater`]).
#[derive(PartialEq)]
enum Flush {
    /// Nothing yet, so a delayed flush may be sent.
    MayWait,
    /// Some items.
    Past,
    /// A delayed flush is pending: only keys that were never used before are comparable.
    Waits,
}

struct Planner {
    now: u64,
    connections: Vec<Vec<Vec<u8>>>,
    met: Vec<Known>,
    large: bool,
    sends_large: bool,
    store: Map,
    session: Server<Requests>,
    uniques: Uniques,
    flush: Flush,
}

/// The plan of a session that runs at this Unix time.
pub fn plan(session: &Session, now: u64) -> Plan {
    let mut planner = Planner {
        now,
        connections: vec![vec![]],
        met: Vec::new(),
        large: false,
        sends_large: session.large,
        store: Map::new(),
        session: new_session(),
        uniques: Uniques::default(),
        flush: if session.fresh { Flush::MayWait } else { Flush::Past },
    };
    let stream = session.requests.concat();
    let mut rest = &stream[..];
    while !rest.is_empty() {
        let line = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |lf| lf + 1);
        let block = match Requests::scan(&planner.uniques.fill(&rest[..line]), &LIMITS) {
            _ if !rest[..line].ends_with(b"\n") => 0,
            Line::WithData(_, size) => size + 2,
            Line::Rejected(_, Some(size)) => usize::try_from(size).expect("64 bits") + 2,
            _ => 0,
        };
        let end = rest.len().min(line + block);
        let taken = match planner.judge(&rest[..line], &rest[line..end], block) {
            Verdict::Send => planner.send(&rest[..end]),
            Verdict::Apart(known) => {
                if planner.is_used() {
                    planner.met.extend(known);
                    planner.connections.push(vec![]);
                }
                planner.send(&rest[..end])
            }
            Verdict::Omit(known) => {
                planner.met.push(known);
                // The bytes of an incomplete data block are planned as requests.
                if end < line + block { line } else { end }
            }
        };
        rest = &rest[taken..];
        if planner.session.is_closed() {
            // The next line is sent, too: neither server must read it.
            let next = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |lf| lf + 1);
            planner.connection().push(rest[..next].to_vec());
            rest = &rest[next..];
            planner.connections.push(vec![]);
            planner.session = new_session();
        }
    }
    Plan { connections: planner.connections, met: planner.met, large: planner.large }
}

fn new_session() -> Server<Requests> {
    Server::with_high_water_mark(LIMITS, usize::MAX)
}

impl Planner {
    fn connection(&mut self) -> &mut Vec<Vec<u8>> {
        self.connections.last_mut().expect("one at least")
    }

    fn is_used(&mut self) -> bool {
        !self.connection().is_empty()
    }

    fn send(&mut self, request: &[u8]) -> usize {
        let mut sent = request.to_vec();
        // The CAS uniques of a server start low, so a low number might be one: it becomes 0.
        if let Some((_, place)) = unique_of_cas(request)
            && number(&request[place.clone()]).is_some_and(|number| number < SMALL)
        {
            let digits = sent[place].iter_mut().filter(|byte| byte.is_ascii_digit());
            digits.for_each(|digit| *digit = b'0');
        }
        let filled = self.uniques.fill(&sent);
        let mut replies = Vec::new();
        self.session.advance(&mut self.store, self.now, &mut &filled[..], &mut replies);
        self.uniques.learn(&replies);
        self.connection().push(sent);
        request.len()
    }

    /// The value of a key, if it has one.
    fn value(&mut self, key: &[u8]) -> Option<Vec<u8>> {
        let mut reply = Vec::new();
        let request = [b"get ", key, b"\r\n"].concat();
        new_session().advance(&mut self.store, self.now, &mut &request[..], &mut reply);
        let lf = reply.iter().position(|byte| *byte == b'\n')?;
        // After the value come CR LF END CR LF.
        reply.starts_with(b"VALUE ").then(|| reply[lf + 1..reply.len() - 7].to_vec())
    }

    fn judge(&mut self, line: &[u8], block: &[u8], declared: usize) -> Verdict {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let words: Vec<_> =
            text.split(|byte| *byte == b' ').filter(|word| !word.is_empty()).collect();
        if line.len() > 2000 && !line.starts_with(b"get ") && !line.starts_with(b"gets ") {
            return Verdict::Omit(Known::LongLine);
        }
        // Neither server replies to a line without LF.
        let Some((verb, args)) = words.split_first().filter(|_| line.ends_with(b"\n")) else {
            return Verdict::Send;
        };
        if text.contains(&0) {
            return Verdict::Omit(Known::Nul);
        }
        let judged = match (*verb, args.len()) {
            (b"get" | b"gets", 1..) => self.judge_get(args),
            (b"gat" | b"gats", 1) => Err(Verdict::Omit(Known::GatWithoutKey)),
            (b"gat" | b"gats", 2..) => self.judge_gat(args),
            (b"set" | b"add" | b"replace" | b"append" | b"prepend", 4..=5) | (b"cas", 5..=6) => {
                self.judge_store(verb, args, block, declared)
            }
            (b"incr" | b"decr", 2..=3) => self.judge_delta(args),
            (b"touch", 2..=3) => self.judge_touch(args),
            (b"delete", 1..=3) => self.judge_delete(args),
            (b"flush_all", 0..=2) => self.judge_flush(args),
            (b"verbosity", 1..=2) => unsigned(args[0], u64::MAX).map(|_| ()),
            (b"stats", _) => match args {
                [b"reset"] | [b"frobnication", ..] => Ok(()),
                [b"reset", ..] => Err(Verdict::Omit(Known::StatsWords)),
                _ => Err(Verdict::Omit(Known::OtherCommands)),
            },
            _ if is_elsewhere(verb) => Err(Verdict::Omit(Known::OtherCommands)),
            _ if words.iter().any(|word| word.starts_with(b"HTTP/")) || line[0] == 0x80 => {
                Err(Verdict::Omit(Known::OtherProtocols))
            }
            _ => Ok(()),
        };
        match judged {
            Ok(()) => Verdict::Send,
            Err(verdict) => verdict,
        }
    }

    /// `Err` is any verdict other than [`Verdict::Send`].
    fn judge_get(&mut self, keys: &[&[u8]]) -> Result<(), Verdict> {
        if keys.iter().any(|key| is_long(key)) {
            return Err(Verdict::Apart(Some(Known::RepliesLost)));
        }
        keys.iter().try_for_each(|key| self.key(key))
    }

    fn judge_gat(&mut self, args: &[&[u8]]) -> Result<(), Verdict> {
        if self.exptime(args[0])?.is_none() {
            return Ok(());
        }
        if is_long(args[1]) {
            return Err(Verdict::Apart(Some(Known::RepliesLost)));
        }
        if args[1..].iter().any(|key| is_long(key)) {
            return Err(Verdict::Omit(Known::GatTouches));
        }
        args[1..].iter().try_for_each(|key| self.key(key))
    }

    fn judge_store(
        &mut self,
        verb: &[u8],
        args: &[&[u8]],
        block: &[u8],
        declared: usize,
    ) -> Result<(), Verdict> {
        let flags = unsigned(args[1], u64::from(u32::MAX))?;
        let exptime = self.exptime(args[2])?;
        let size = count(args[3])?;
        let placeholder =
            verb == b"cas" && [LAST, FIRST, OTHER].iter().any(|word| args[4] == &word[..]);
        let unique =
            if verb != b"cas" || placeholder { Some(0) } else { unsigned(args[4], u64::MAX)? };
        let (Some(_), Some(_), Some(size), Some(_)) = (flags, exptime, size, unique) else {
            return Ok(());
        };
        if is_long(args[0]) {
            return Err(Verdict::Omit(Known::BlockOfBadKey));
        }
        self.key(args[0])?;
        let largest = 1_048_000..1_048_600;
        if largest.contains(&size) {
            return Err(Verdict::Omit(Known::LargestValue));
        }
        let too_large = size >= largest.end;
        // memwire has replied before the stream ends; memcached does not reply at all.
        let rejected = too_large || (block.len() > size && block[size] != b'\r');
        if block.len() < declared && rejected {
            return Err(Verdict::Omit(Known::Prompt));
        }
        if matches!(verb, b"append" | b"prepend") && !too_large {
            let sum = self.value(args[0]).map_or(0, |value| value.len() + size);
            if sum >= largest.start {
                return Err(Verdict::Omit(Known::Append));
            }
        }
        if block.len() < declared {
            return Err(Verdict::Apart(Some(Known::EndInBlock)));
        }
        // The CAS unique must have been returned before it is sent.
        if placeholder { Err(Verdict::Apart(None)) } else { Ok(()) }
    }

    fn judge_delta(&mut self, args: &[&[u8]]) -> Result<(), Verdict> {
        if is_long(args[0]) || unsigned(args[1], u64::MAX)?.is_none() {
            return Ok(());
        }
        self.key(args[0])?;
        let value = self.value(args[0]);
        let is_large = |value: &Vec<u8>| lenient(value).is_some_and(|number| number >= 1 << 63);
        if value.as_ref().is_some_and(is_large) {
            self.large = true;
            if !self.sends_large {
                return Err(Verdict::Omit(Known::Large));
            }
        }
        match value {
            Some(value) if !value.is_empty() && value.iter().copied().all(is_space) => {
                Err(Verdict::Omit(Known::Blank))
            }
            Some(value) if is_odd_number(&value) => Err(Verdict::Omit(Known::Numeric)),
            _ => Ok(()),
        }
    }

    fn judge_touch(&mut self, args: &[&[u8]]) -> Result<(), Verdict> {
        if is_long(args[0]) || self.exptime(args[1])?.is_none() {
            return Ok(());
        }
        self.key(args[0])
    }

    fn judge_delete(&mut self, args: &[&[u8]]) -> Result<(), Verdict> {
        let silent = args.len() > 1 && args.last() == Some(&&b"noreply"[..]);
        match args[1..args.len() - usize::from(silent)] {
            _ if is_long(args[0]) => Ok(()),
            [] | [b"0"] => self.key(args[0]),
            [time] if strict(time).is_some_and(|time| (0..1 << 64).contains(&time)) => {
                Err(Verdict::Omit(Known::DeleteNumber))
            }
            _ => Ok(()),
        }
    }

    fn judge_flush(&mut self, args: &[&[u8]]) -> Result<(), Verdict> {
        let delay = match args {
            [] | [b"noreply"] => 0,
            [delay, ..] => match self.exptime(delay)? {
                None => return Ok(()),
                Some(delay) => delay,
            },
        };
        if delay <= 0 {
            self.flush = Flush::Past;
        } else if is_past(delay, self.now) {
            return Err(Verdict::Omit(Known::FlushPast));
        } else if self.flush == Flush::Past {
            return Err(Verdict::Omit(Known::FlushLater));
        } else {
            self.flush = Flush::Waits;
        }
        Ok(())
    }

    /// Whether requests with this key, which is not too long, are comparable.
    fn key(&self, key: &[u8]) -> Result<(), Verdict> {
        if key.iter().any(u8::is_ascii_control) {
            return Err(Verdict::Omit(Known::ControlInKey));
        }
        if self.flush == Flush::Waits && !key.starts_with(PREFIX) {
            return Err(Verdict::Omit(Known::FlushLater));
        }
        Ok(())
    }

    /// An exptime that both accept; `None` if both reject it.
    fn exptime(&self, word: &[u8]) -> Result<Option<i64>, Verdict> {
        let Some(exptime) = signed(word)? else { return Ok(None) };
        if i32::try_from(exptime).is_err() {
            return Err(Verdict::Omit(Known::Exptime));
        }
        // Items that may expire during the session: the servers' clocks may differ.
        let soon = (1..10).contains(&exptime) || exptime.abs_diff(0).abs_diff(self.now) < 100_000;
        if soon { Err(Verdict::Omit(Known::Clock)) } else { Ok(Some(exptime)) }
    }
}

fn is_past(exptime: i64, now: u64) -> bool {
    exptime > 2_592_000 && u64::try_from(exptime).is_ok_and(|time| time < now)
}

fn is_long(key: &[u8]) -> bool {
    key.len() > 250
}

/// Commands of memcached that are not part of the dialect.
fn is_elsewhere(verb: &[u8]) -> bool {
    let others: [&[u8]; 14] = [
        b"mg",
        b"ms",
        b"md",
        b"mn",
        b"ma",
        b"me",
        b"bget",
        b"watch",
        b"lru",
        b"lru_crawler",
        b"slabs",
        b"shutdown",
        b"cache_memlimit",
        b"extstore",
    ];
    others.contains(&verb)
}

/// Digits with an optional sign, as memwire parses them.
fn strict(word: &[u8]) -> Option<i128> {
    let digits = word.strip_prefix(b"-").or(word.strip_prefix(b"+")).unwrap_or(word);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // All numbers from 2^127 on are treated alike.
    let size = str::from_utf8(digits).ok()?.parse().unwrap_or(i128::MAX);
    Some(if word[0] == b'-' { -size } else { size })
}

/// White space, as C has it.
fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ')
}

/// As C parses them: with white space before and after, and up to a NUL.
fn lenient(word: &[u8]) -> Option<i128> {
    let start = word.iter().position(|byte| !is_space(*byte))?;
    let word = &word[start..];
    let end = word.iter().position(|byte| is_space(*byte) || *byte == 0).unwrap_or(word.len());
    strict(&word[..end])
}

/// A number that both accept; `None` if both reject it.
fn plain(word: &[u8]) -> Result<Option<i128>, Verdict> {
    match (strict(word), lenient(word)) {
        (None, Some(_)) => Err(Verdict::Omit(Known::WhiteSpace)),
        (number, _) => Ok(number),
    }
}

/// An unsigned number, at most `largest`, that both accept; `None` if both reject it.
fn unsigned(word: &[u8], largest: u64) -> Result<Option<u64>, Verdict> {
    let Some(number) = plain(word)? else { return Ok(None) };
    if word[0] == b'-' {
        // C converts it modulo 2^64; memcached accepts the result if it is positive as an i64.
        let taken = number == 0 || (-((1 << 64) - 1)..-(1 << 63)).contains(&number);
        return if taken { Err(Verdict::Omit(Known::Minus)) } else { Ok(None) };
    }
    match u64::try_from(number) {
        Ok(number) if number > largest => Err(Verdict::Omit(Known::Flags)),
        number => Ok(number.ok()),
    }
}

fn signed(word: &[u8]) -> Result<Option<i64>, Verdict> {
    Ok(plain(word)?.and_then(|number| i64::try_from(number).ok()))
}

/// The declared length of a data block that both accept; `None` if both reject it.
fn count(word: &[u8]) -> Result<Option<usize>, Verdict> {
    const MOST: i64 = (1 << 31) - 3;
    let Some(number) = signed(word)? else { return Ok(None) };
    if (0..=MOST).contains(&number) {
        return Ok(usize::try_from(number).ok());
    }
    let low = number.rem_euclid(1 << 32);
    if low <= MOST { Err(Verdict::Omit(Known::Count)) } else { Ok(None) }
}

/// Whether a value is a number for only one of the two.
fn is_odd_number(value: &[u8]) -> bool {
    let in_range = |number: &i128| (0..1 << 64).contains(number);
    let strict = strict(value.trim_ascii()).filter(in_range);
    let lenient = lenient(value);
    let signed = value.trim_ascii_start().starts_with(b"-");
    // For memcached, a large item is never a number.
    signed || lenient.filter(in_range) != strict || (strict.is_some() && value.len() > 400_000)
}
