//! Two clients, their sessions and the store they share: the states that the model checker visits.

use memwire::{
    Machine, Progress, Session, State,
    machine::RETAINED_BUFFER,
    session::Service,
    store::{Map, Store as _},
};
use stateright::{Model, Property};

use super::expected::{Action as Requested, Expects, Items, Script, StoredItem};

/// A session stops when more than this many bytes wait to be sent.
const HIGH_WATER_MARK: usize = 8;

/// Time stands still.
const NOW: u64 = 1;

/// What is wrong with a state, by the law that it breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Law {
    /// And *Split*: the oracle sees no chunks.
    Oracle,
    Prompt,
    Bounded,
    Resume,
    Recover,
    Total,
}

/// A client and its session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Side<G: Service> {
    /// How many tokens it may send yet.
    tokens: usize,
    /// Sent, not yet delivered.
    wire: Vec<u8>,
    session: Session<G>,
    /// Delivered, not yet taken by the session.
    unread: Vec<u8>,
    /// Replied, not yet received.
    out: Vec<u8>,
    pub expected: Expected,
    ended: bool,
}

/// What the oracle expects of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Expected {
    /// All that was delivered, from the last offset on at which the machine was in its initial
    /// state.
    stream: Vec<u8>,
    /// How many of its bytes the session has taken.
    read: usize,
    /// How many of its requests are replied to, or being replied to.
    done: usize,
    /// A retrieval, and its pending keys.
    verb: Vec<u8>,
    keys: Vec<Vec<u8>>,
    /// Whether the client sent `quit`.
    closed: bool,
    /// Whether the client sent more after that.
    pub discarded: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World<G: Service> {
    sides: [Side<G>; 2],
    store: Map,
    pub items: Items,
    broken: Option<Law>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// This side sends this token.
    Send(usize, usize),
    /// This many of its bytes are delivered as one chunk.
    Deliver(usize, usize),
    /// It receives this many bytes, and the session goes on if it waited for that.
    Receive(usize, usize),
    /// It sends no more.
    End(usize),
}

pub struct Clients<G: Expects> {
    /// What each side may send.
    pub tokens: [&'static [&'static [u8]]; 2],
    /// How many of them.
    pub counts: [usize; 2],
    /// What has to be reached, besides what every dialect has.
    pub reached: fn() -> Vec<Property<Self>>,
}

impl<G: Expects> Model for Clients<G> {
    type State = World<G>;
    type Action = Action;

    fn init_states(&self) -> Vec<World<G>> {
        let side = |tokens| Side {
            tokens,
            wire: vec![],
            session: Session::with_high_water_mark(G::LIMITS, HIGH_WATER_MARK),
            unread: vec![],
            out: vec![],
            expected: Expected::default(),
            ended: false,
        };
        let sides = self.counts.map(side);
        vec![World { sides, store: Map::new(), items: Items::default(), broken: None }]
    }

    fn actions(&self, world: &World<G>, actions: &mut Vec<Action>) {
        for (index, side) in world.sides.iter().enumerate() {
            if side.ended {
                continue;
            }
            if side.wire.is_empty() && side.tokens > 0 {
                actions.extend((0..self.tokens[index].len()).map(|at| Action::Send(index, at)));
            }
            // A server reads on when it has handled what it read.
            let waits = !side.unread.is_empty() || side.session.is_replying();
            let waits = waits && !side.expected.closed;
            if !waits && !side.expected.closed {
                actions.extend((1..=side.wire.len()).map(|n| Action::Deliver(index, n)));
            }
            match side.out.len() {
                0 if side.wire.is_empty() && !waits => actions.push(Action::End(index)),
                0 => {}
                1 => actions.push(Action::Receive(index, 1)),
                n => {
                    // Until the high-water mark is reached, a session does nothing.
                    let least =
                        if G::LONG_REPLIES { n.saturating_sub(HIGH_WATER_MARK).max(1) } else { 1 };
                    actions.extend([least, n].map(|n| Action::Receive(index, n)));
                }
            }
        }
    }

    fn next_state(&self, world: &World<G>, action: Action) -> Option<World<G>> {
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
                if !side.expected.closed && (side.session.is_replying() || !side.unread.is_empty())
                {
                    world.advance(index);
                }
            }
            Action::End(index) => {
                let side = &mut world.sides[index];
                side.ended = true;
                let complete = side.expected.closed || G::script(&side.expected.stream).complete;
                if side.session.clone().finish().is_ok() != complete {
                    world.broken = Some(Law::Total);
                }
            }
        }
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always("Oracle", |_, world: &World<G>| world.broken != Some(Law::Oracle)),
            Property::always("Prompt", |_, world: &World<G>| world.broken != Some(Law::Prompt)),
            Property::always("Bounded", |_, world: &World<G>| world.broken != Some(Law::Bounded)),
            Property::always("Resume", |_, world: &World<G>| world.broken != Some(Law::Resume)),
            Property::always("Recover", |_, world: &World<G>| world.broken != Some(Law::Recover)),
            Property::always("Total", |_, world: &World<G>| world.broken != Some(Law::Total)),
            Property::sometimes("a set", |_, world: &World<G>| {
                world.some(|side| side.replied(b"STORED"))
            }),
            Property::sometimes("a hit", |_, world: &World<G>| {
                world.some(|side| side.replied(b"VALUE"))
            }),
            Property::sometimes("a miss", |_, world: &World<G>| {
                world.some(|side| side.out == G::END)
            }),
            Property::sometimes("an error", |_, world: &World<G>| {
                world.some(|side| side.replied(b"ERROR"))
            }),
            Property::sometimes("a recovery", |_, world: &World<G>| {
                world.some(|side| G::RECOVERIES.iter().any(|replies| side.replied(replies)))
            }),
            Property::sometimes("a get that is replied to in part", |_, world: &World<G>| {
                world.some(|side| side.session.is_replying())
            }),
            Property::sometimes("requests that wait for output space", |_, world: &World<G>| {
                world.some(|side| !side.unread.is_empty())
            }),
            Property::sometimes(
                "a set by one while the other gets its value",
                |_, world: &World<G>| {
                    let [one, other] = &world.sides;
                    one.replied(b"STORED") && other.session.is_replying()
                },
            ),
            Property::sometimes("a skipped block", |_, world: &World<G>| {
                world.some(|side| matches!(side.state(), State::SkippingBlock(_)))
            }),
            Property::sometimes("a skipped line", |_, world: &World<G>| {
                world.some(|side| side.state() == State::SkippingLine)
            }),
            Property::sometimes("both in a value", |_, world: &World<G>| {
                !world.some(|side| !matches!(side.state(), State::AwaitingValue(_)))
            }),
            Property::sometimes("an end inside a request", |_, world: &World<G>| {
                world.some(|side| side.ended && side.session.clone().finish().is_err())
            }),
            Property::sometimes("both ended", |_, world: &World<G>| {
                !world.some(|side| !side.ended)
            }),
        ];
        properties.extend((self.reached)());
        properties
    }
}

impl<G: Service> Side<G> {
    pub fn replied(&self, word: &[u8]) -> bool {
        self.out.windows(word.len()).any(|part| part == word)
    }

    fn state(&self) -> State {
        self.session.machine().state()
    }
}

impl<G: Expects> World<G> {
    pub fn some(&self, is: impl Fn(&Side<G>) -> bool) -> bool {
        self.sides.iter().any(is)
    }

    /// Lets a session do what it can, and compares it with what is expected.
    fn advance(&mut self, index: usize) {
        let side = &mut self.sides[index];
        let mut expected_out = side.out.clone();
        let mut input = &side.unread[..];
        let progress = side.session.advance(&mut self.store, NOW, &mut input, &mut side.out);
        side.unread = input.to_vec();

        let recovered = side.expected.advance::<G>(&mut self.items, &mut expected_out);
        let progress_expected = match side.expected.closed {
            _ if expected_out.len() > HIGH_WATER_MARK => Progress::OutputFull,
            true => Progress::Close,
            false => Progress::NeedInput,
        };
        let left = side.expected.stream.len() - side.expected.read;
        let machine = side.session.machine();
        let restored = Session::restore(G::LIMITS, HIGH_WATER_MARK, side.session.save());
        let holds = self.items.by_key.len() == self.store.len()
            && self.items.by_key.iter().all(|(key, stored)| {
                self.store.get(key, |item| {
                    let (meta, StoredItem { value, flags, cas }) = (item.meta(), stored);
                    item.value() == value && (meta.flags, meta.cas) == (*flags, *cas)
                }) == Some(true)
            });
        let arrived = side.expected.stream.len() - side.unread.len();
        let replied = side.out == expected_out && progress == progress_expected;
        self.broken = if !replied || !holds || side.session.is_closed() != side.expected.closed {
            Some(Law::Oracle)
        } else if side.unread.len() != left {
            Some(Law::Prompt)
        } else if recovered && *machine != Machine::new(G::LIMITS) {
            Some(Law::Recover)
        } else if restored.as_ref() != Ok(&side.session) {
            Some(Law::Resume)
        } else if machine.buffer_capacity() > (2 * arrived).max(RETAINED_BUFFER)
            || side.out.len() > HIGH_WATER_MARK + G::LIMITS.line + G::LIMITS.value + 50
        {
            Some(Law::Bounded)
        } else {
            None
        };
    }
}

impl Expected {
    /// Replies to what the whole stream so far decides, until the output passes the high-water mark.
    /// Returns whether all of it is replied to, with nothing pending.
    fn advance<G: Expects>(&mut self, items: &mut Items, out: &mut Vec<u8>) -> bool {
        let Script { events, .. } = G::script(&self.stream);
        let ends = events.iter().map(|event| event.resumes).collect::<Vec<_>>();
        let mut events = events.into_iter().skip(self.done);
        let mut resumes = 0;
        while out.len() <= HIGH_WATER_MARK && !self.closed {
            if !self.keys.is_empty() {
                let key = self.keys.remove(0);
                out.extend(G::reply(&self.verb, &key, items));
                if self.keys.is_empty() {
                    out.extend_from_slice(G::END);
                    self.verb.clear();
                }
                continue;
            }
            let Some(event) = events.next() else {
                self.read = self.stream.len();
                break;
            };
            self.done += 1;
            self.read = event.decided;
            match event.action {
                Requested::Retrieve(verb, keys) => {
                    self.verb = verb.to_vec();
                    self.keys = keys.iter().map(|key| key.to_vec()).collect();
                }
                Requested::Do(action) => out.extend(action(items)),
                Requested::Close => {
                    self.closed = true;
                    self.discarded = self.read < self.stream.len();
                }
            }
        }
        drop(events);
        let done = self.done;
        for at in ends[..done].iter().flatten().filter(|at| **at <= self.read) {
            resumes = *at;
            self.done -= 1;
        }
        let recovered = resumes > 0 && resumes == self.read && self.keys.is_empty();
        self.stream.drain(..resumes);
        self.read -= resumes;
        if self.closed {
            self.stream.clear();
            self.read = 0;
        }
        recovered
    }
}
