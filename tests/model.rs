//! Two clients, one store, any chunks, any interleaving: a model checker walks through all that the
//! real sessions can come to, and compares each step with what the oracle says.

use std::{collections::BTreeMap, thread};

use memwire::{
    Limits, Machine, Progress, Session, State,
    dialect::simple::Requests,
    oracle::simple::{self as oracle, Fault, Request},
    store::Map,
};
use stateright::{Checker as _, Model, Property};

mod laws;

const LIMITS: Limits = Limits { line: 10, value: 2 };

/// A session stops when more than this many bytes wait to be sent.
const MARK: usize = 8;

/// What is wrong with a state, by the law that it breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Law {
    /// And *Split*: the oracle knows of no chunks.
    Oracle,
    Prompt,
    Bounded,
    Resume,
    Recover,
    Total,
}

/// A client and its session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Side {
    /// How many tokens it may send yet.
    tokens: usize,
    /// Sent, not yet delivered.
    wire: Vec<u8>,
    session: Session<Requests>,
    /// Delivered, not yet taken by the session.
    unread: Vec<u8>,
    /// Answered, not yet received.
    out: Vec<u8>,
    expected: Expected,
    ended: bool,
}

/// What the oracle expects of a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Expected {
    /// All that was delivered, from the last offset on at which the machine was as new.
    stream: Vec<u8>,
    /// How many of its bytes the session has taken.
    read: usize,
    /// How many of its requests are answered, or being answered.
    done: usize,
    /// The keys of a `get` that are not answered yet.
    keys: Vec<Vec<u8>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    sides: [Side; 2],
    store: Map,
    /// What the store should hold.
    items: BTreeMap<Vec<u8>, Vec<u8>>,
    broken: Option<Law>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    /// This side sends this token.
    Send(usize, usize),
    /// This many of its bytes are delivered as one chunk.
    Deliver(usize, usize),
    /// It receives this many bytes, and the session goes on if it waited for that.
    Receive(usize, usize),
    /// It sends no more.
    End(usize),
}

struct Clients {
    /// What each side may send.
    tokens: [&'static [&'static [u8]]; 2],
    /// How many of them.
    counts: [usize; 2],
}

impl Model for Clients {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let side = |tokens| Side {
            tokens,
            wire: vec![],
            session: Session::with_mark(LIMITS, MARK),
            unread: vec![],
            out: vec![],
            expected: Expected { stream: vec![], read: 0, done: 0, keys: vec![] },
            ended: false,
        };
        let sides = self.counts.map(side);
        vec![World { sides, store: Map::new(), items: BTreeMap::new(), broken: None }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        for (index, side) in world.sides.iter().enumerate() {
            if side.ended {
                continue;
            }
            if side.wire.is_empty() && side.tokens > 0 {
                actions.extend((0..self.tokens[index].len()).map(|at| Action::Send(index, at)));
            }
            // A server reads on when it has handled what it read.
            let waits = !side.unread.is_empty() || side.session.is_replying();
            if !waits {
                actions.extend((1..=side.wire.len()).map(|n| Action::Deliver(index, n)));
            }
            match side.out.len() {
                0 if side.wire.is_empty() && !waits => actions.push(Action::End(index)),
                0 => {}
                1 => actions.push(Action::Receive(index, 1)),
                n => actions.extend([1, n].map(|n| Action::Receive(index, n))),
            }
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut world = world.clone();
        match action {
            Action::Send(index, token) => {
                let side = &mut world.sides[index];
                side.wire.extend_from_slice(self.tokens[index][token]);
                side.tokens -= 1;
            }
            Action::Deliver(index, count) => {
                let side = &mut world.sides[index];
                side.unread.extend(side.wire.drain(..count));
                side.expected.stream.extend_from_slice(&side.unread);
                world.advance(index);
            }
            Action::Receive(index, count) => {
                let side = &mut world.sides[index];
                side.out.drain(..count);
                if side.session.is_replying() || !side.unread.is_empty() {
                    world.advance(index);
                }
            }
            Action::End(index) => {
                let side = &mut world.sides[index];
                side.ended = true;
                let whole = oracle::requests(&side.expected.stream, &LIMITS).stands.is_none();
                if side.session.clone().finish().is_ok() != whole {
                    world.broken = Some(Law::Total);
                }
            }
        }
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("Oracle", |_, world: &World| world.broken != Some(Law::Oracle)),
            Property::always("Prompt", |_, world: &World| world.broken != Some(Law::Prompt)),
            Property::always("Bounded", |_, world: &World| world.broken != Some(Law::Bounded)),
            Property::always("Resume", |_, world: &World| world.broken != Some(Law::Resume)),
            Property::always("Recover", |_, world: &World| world.broken != Some(Law::Recover)),
            Property::always("Total", |_, world: &World| world.broken != Some(Law::Total)),
            Property::sometimes("a set", |_, world: &World| {
                world.some(|side| side.told(b"STORED"))
            }),
            Property::sometimes("a hit", |_, world: &World| world.some(|side| side.told(b"VALUE"))),
            Property::sometimes("a miss", |_, world: &World| {
                world.some(|side| side.out == b"END\n")
            }),
            Property::sometimes("a refusal", |_, world: &World| {
                world.some(|side| side.told(b"ERROR"))
            }),
            Property::sometimes("a recovery", |_, world: &World| {
                world.some(|side| side.told(b"chunk\nERROR") || side.told(b"chunk\nSTORED"))
            }),
            Property::sometimes("a half answered get", |_, world: &World| {
                world.some(|side| side.session.is_replying())
            }),
            Property::sometimes("requests that wait for room", |_, world: &World| {
                world.some(|side| !side.unread.is_empty())
            }),
            Property::sometimes(
                "the other's set, and answers in the middle of a value",
                |_, world: &World| {
                    let [one, other] = &world.sides;
                    one.told(b"STORED") && other.session.is_replying()
                },
            ),
            Property::sometimes("a skipped block", |_, world: &World| {
                world.some(|side| matches!(side.state(), State::SkippingBlock(_)))
            }),
            Property::sometimes("a skipped line", |_, world: &World| {
                world.some(|side| side.state() == State::SkippingLine)
            }),
            Property::sometimes("both in a value", |_, world: &World| {
                !world.some(|side| !matches!(side.state(), State::AwaitingValue(_)))
            }),
            Property::sometimes("an end inside a request", |_, world: &World| {
                world.some(|side| side.ended && side.session.clone().finish().is_err())
            }),
            Property::sometimes("both ended", |_, world: &World| !world.some(|side| !side.ended)),
        ]
    }
}

impl Side {
    fn told(&self, word: &[u8]) -> bool {
        self.out.windows(word.len()).any(|part| part == word)
    }

    fn state(&self) -> State {
        self.session.machine().state()
    }
}

impl World {
    fn some(&self, is: impl Fn(&Side) -> bool) -> bool {
        self.sides.iter().any(is)
    }

    /// Lets a session do what it can, and compares it with what is expected.
    fn advance(&mut self, index: usize) {
        let side = &mut self.sides[index];
        let mut expected_out = side.out.clone();
        let mut input = &side.unread[..];
        let progress = side.session.advance(&mut self.store, 0, &mut input, &mut side.out);
        side.unread = input.to_vec();

        let recovered = side.expected.advance(&mut self.items, &mut expected_out);
        let full = expected_out.len() > MARK;
        let left = side.expected.stream.len() - side.expected.read;
        let machine = side.session.machine();
        let restored = Session::restore(LIMITS, MARK, side.session.save());
        let holds = self.items.len() == self.store.len()
            && self.items.iter().all(|(key, value)| {
                memwire::store::Store::get(&mut self.store, key, |item| item.value() == value)
                    == Some(true)
            });
        let arrived = side.expected.stream.len() - side.unread.len();
        self.broken =
            if side.out != expected_out || !holds || full != (progress == Progress::OutputFull) {
                Some(Law::Oracle)
            } else if side.unread.len() != left {
                Some(Law::Prompt)
            } else if recovered && *machine != Machine::new(LIMITS) {
                Some(Law::Recover)
            } else if restored.as_ref() != Ok(&side.session) {
                Some(Law::Resume)
            } else if machine.held() > (2 * arrived).max(memwire::machine::SMALL)
                || side.out.len() > MARK + LIMITS.line + LIMITS.value + 50
            {
                Some(Law::Bounded)
            } else {
                None
            };
    }
}

impl Expected {
    /// Answers what the whole stream so far decides, until the output passes the mark. Returns
    /// whether all of it is answered, with nothing pending.
    fn advance(&mut self, items: &mut BTreeMap<Vec<u8>, Vec<u8>>, out: &mut Vec<u8>) -> bool {
        let account = oracle::requests(&self.stream, &LIMITS);
        let mut resumes = 0;
        while out.len() <= MARK {
            if !self.keys.is_empty() {
                let key = self.keys.remove(0);
                if let Some(value) = items.get(&key) {
                    out.extend_from_slice(&[b"VALUE ", &key[..]].concat());
                    out.extend_from_slice(format!(" {}\n", value.len()).as_bytes());
                    out.extend_from_slice(&[value, &b"\n"[..]].concat());
                }
                if self.keys.is_empty() {
                    out.extend_from_slice(b"END\n");
                }
                continue;
            }
            let Some(event) = account.events.get(self.done) else {
                self.read = self.stream.len();
                break;
            };
            self.done += 1;
            self.read = event.decided;
            match &event.what {
                Ok(Request::Set(key, value)) => {
                    items.insert(key.to_vec(), value.to_vec());
                    out.extend_from_slice(b"STORED\n");
                }
                Ok(Request::Get(keys)) => {
                    self.keys = keys.iter().map(|key| key.to_vec()).collect();
                }
                Err(fault) => out.extend_from_slice(reply(*fault)),
            }
        }
        for event in &account.events[..self.done] {
            if let Some(at) = event.resumes.filter(|at| *at <= self.read) {
                resumes = at;
                self.done -= 1;
            }
        }
        let recovered = resumes > 0 && resumes == self.read && self.keys.is_empty();
        self.stream.drain(..resumes);
        self.read -= resumes;
        recovered
    }
}

fn reply(fault: Fault) -> &'static [u8] {
    match fault {
        Fault::LongLine => b"CLIENT_ERROR line too long\n",
        Fault::CarriageReturn => b"CLIENT_ERROR line ends with CR LF, expected LF\n",
        Fault::UnknownCommand | Fault::Words => b"ERROR\n",
        Fault::Count => b"CLIENT_ERROR bad count, expected decimal digits\n",
        Fault::LargeValue => b"SERVER_ERROR object too large for cache\n",
        Fault::Key => b"CLIENT_ERROR bad key, expected A-Z a-z 0-9 _ -\n",
        Fault::BlockEnd => b"CLIENT_ERROR bad data chunk\n",
    }
}

const ALL: &[&[u8]] = &[
    b"set k 2\n\nb\n",
    b"get k k\n",
    b"set k 1\n",
    b"set k 3\n",
    b"xx",
    b"\n",
    b"get j k",
    b"xxxxxxxx",
];

const FEW: &[&[u8]] = &[b"set k 1\na\n", b"get k k k\n", b"set k 0\n", b"\n"];

fn check(clients: Clients) -> usize {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let checker = clients.checker().threads(threads).spawn_bfs().join();
    checker.assert_properties();
    let states = checker.unique_state_count();
    println!("{states} states, {} steps, {} deep", checker.state_count(), checker.max_depth());
    states
}

#[test]
fn two_clients() {
    assert!(check(Clients { tokens: [ALL, FEW], counts: [2, 1] }) > 100_000);
}

#[test]
#[ignore = "takes minutes: cargo test --test model -- --ignored --nocapture"]
fn two_clients_with_more_to_say() {
    assert!(check(Clients { tokens: [ALL, FEW], counts: [4, 1] }) > 10_000_000);
}
