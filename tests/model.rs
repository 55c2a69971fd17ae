//! Two clients, one store, any chunks, any interleaving: a model checker walks through all that the
//! real sessions can come to, and compares each step with what the oracle says, and with what its
//! requests should do.

use std::{collections::BTreeMap, fmt::Debug, hash::Hash, marker::PhantomData, thread};

use memwire::{
    Limits, Machine, Progress, Session, State,
    dialect::{classic, simple},
    oracle,
    session::Serve,
    store::{Map, Store as _},
};
use stateright::{Checker as _, HasDiscoveries, Model, Property};

/// A session stops when more than this many bytes wait to be sent.
const MARK: usize = 8;

/// Time stands still.
const NOW: u64 = 1;

/// A dialect, as the model expects it.
trait Expects:
    Serve<Head: Send + Sync, Rest: Sync> + Clone + Debug + Eq + Hash + Send + Sync + 'static
{
    const LIMITS: Limits;
    const END: &'static [u8];
    /// Whether they are not received byte by byte where that changes nothing.
    const LONG_REPLIES: bool;
    /// Replies that are one behind the other only where a bad block was recovered from.
    const RECOVERIES: [&'static [u8]; 2];

    fn account(stream: &[u8]) -> Account<'_>;
    /// What a retrieval called `verb` answers for one key.
    fn answer(verb: &[u8], key: &[u8], items: &mut Items) -> Vec<u8>;
    /// What has to be reached beside what every dialect has.
    fn more() -> Vec<Property<Clients<Self>>>;
}

/// What a stream decides, and whether it ends behind a request.
struct Account<'s> {
    events: Vec<Event<'s>>,
    whole: bool,
}

impl<'s> Account<'s> {
    fn new<T, F>(account: oracle::Account<T, F>, what: impl Fn(Result<T, F>) -> What<'s>) -> Self {
        let events = account.events.into_iter().map(|event| Event {
            decided: event.decided,
            resumes: event.resumes,
            what: what(event.what),
        });
        Self { events: events.collect(), whole: account.stands.is_none() }
    }
}

struct Event<'s> {
    decided: usize,
    resumes: Option<usize>,
    what: What<'s>,
}

enum What<'s> {
    /// The verb and the keys.
    Retrieve(&'s [u8], Vec<&'s [u8]>),
    /// What is done and answered at once.
    Do(Act<'s>),
    Close,
}

type Act<'s> = Box<dyn FnOnce(&mut Items) -> Vec<u8> + 's>;

/// What a store should hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Items {
    held: BTreeMap<Vec<u8>, Held>,
    /// The number that was given last.
    unique: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Held {
    value: Vec<u8>,
    flags: u32,
    unique: u64,
}

impl Items {
    fn put(&mut self, key: &[u8], value: &[u8], flags: u32) {
        self.unique += 1;
        let held = Held { value: value.to_vec(), flags, unique: self.unique };
        self.held.insert(key.to_vec(), held);
    }
}

impl Expects for simple::Requests {
    const LIMITS: Limits = Limits { line: 10, value: 2 };
    const END: &'static [u8] = b"END\n";
    const LONG_REPLIES: bool = false;
    const RECOVERIES: [&'static [u8]; 2] = [b"chunk\nERROR", b"chunk\nSTORED"];

    fn account(stream: &[u8]) -> Account<'_> {
        use oracle::simple::{Fault, Request, requests};
        let account = requests(stream, &Self::LIMITS);
        let what = |what: Result<_, Fault>| match what {
            Ok(Request::Get(keys)) => What::Retrieve(b"get", keys),
            Ok(Request::Set(key, value)) => What::Do(Box::new(move |items| {
                // This dialect's items have no numbers.
                let held = Held { value: value.to_vec(), flags: 0, unique: 0 };
                items.held.insert(key.to_vec(), held);
                b"STORED\n".to_vec()
            })),
            Err(fault) => What::Do(Box::new(move |_| fault.reply().to_vec())),
        };
        Account::new(account, what)
    }

    fn answer(_: &[u8], key: &[u8], items: &mut Items) -> Vec<u8> {
        let Some(Held { value, .. }) = items.held.get(key) else { return vec![] };
        let line = format!(" {}\n", value.len());
        [b"VALUE ", key, line.as_bytes(), value, b"\n"].concat()
    }

    fn more() -> Vec<Property<Clients<Self>>> {
        vec![]
    }
}

impl Expects for classic::Requests {
    const LIMITS: Limits = Limits { line: 16, value: 2 };
    const END: &'static [u8] = b"END\r\n";
    const LONG_REPLIES: bool = true;
    const RECOVERIES: [&'static [u8]; 2] = [b"chunk\r\nERROR", b"chunk\r\nSTORED"];

    fn account(stream: &[u8]) -> Account<'_> {
        let account = oracle::classic::requests(stream, &Self::LIMITS);
        let what = |what| match what {
            Ok(request) => classic_request(request),
            Err(refusal) => What::Do(Box::new(move |items| classic_refusal(&refusal, items))),
        };
        Account::new(account, what)
    }

    fn answer(verb: &[u8], key: &[u8], items: &mut Items) -> Vec<u8> {
        let Some(Held { value, flags, unique }) = items.held.get(key).cloned() else {
            return vec![];
        };
        if verb == b"gat" {
            // The tokens have no other exptime than one that is past.
            items.held.remove(key);
        }
        let unique = if verb == b"gets" { format!(" {unique}") } else { String::new() };
        let line = format!(" {flags} {}{unique}\r\n", value.len());
        [b"VALUE ", key, line.as_bytes(), &value, b"\r\n"].concat()
    }

    fn more() -> Vec<Property<Clients<Self>>> {
        vec![
            Property::sometimes("a cas that stores", |_, world: &World<Self>| {
                world.items.held.values().any(|held| held.flags == 3)
            }),
            Property::sometimes("one that comes late", |_, world: &World<Self>| {
                world.some(|side| side.told(b"EXISTS"))
            }),
            Property::sometimes("a number", |_, world: &World<Self>| {
                world.some(|side| side.told(b"STORED\r\n9\r\n"))
            }),
            Property::sometimes("an item that went as it was told", |_, world: &World<Self>| {
                world.items.held.is_empty() && world.some(|side| side.told(b"VALUE"))
            }),
            Property::sometimes("what was not answered", |_, world: &World<Self>| {
                world.items.held.values().any(|held| held.value == b"7")
            }),
            Property::sometimes("a leave, and unread bytes", |_, world: &World<Self>| {
                world.some(|side| side.expected.closed && !side.unread.is_empty())
            }),
        ]
    }
}

/// What the tokens below can make requests of.
fn classic_request(request: oracle::classic::Request<'_>) -> What<'_> {
    let oracle::classic::Request { verb, words, numbers, noreply, value } = request;
    if verb.starts_with(b"g") {
        return What::Retrieve(verb, words);
    }
    if verb == b"quit" {
        return What::Close;
    }
    What::Do(Box::new(move |items| {
        let key = words.first().copied().unwrap_or_default();
        let held = items.held.get(key).cloned();
        let new = value.unwrap_or_default();
        let flags = numbers.first().map_or(0, |flags| u32::try_from(*flags).unwrap_or_default());
        let reply = match (verb, held) {
            (b"append", None) => "NOT_STORED".into(),
            (b"append", Some(held))
                if held.value.len() + new.len() > classic::Requests::LIMITS.value =>
            {
                "SERVER_ERROR object too large for cache".into()
            }
            (b"append", Some(held)) => {
                items.put(key, &[&held.value, new].concat(), held.flags);
                "STORED".into()
            }
            (b"cas" | b"incr" | b"decr", None) => "NOT_FOUND".into(),
            (b"cas", Some(held)) if i128::from(held.unique) != numbers[2] => "EXISTS".into(),
            (b"set", _) | (b"cas", Some(_)) => {
                items.put(key, new, flags);
                "STORED".into()
            }
            (b"incr" | b"decr", Some(held)) => {
                match str::from_utf8(&held.value).map(str::parse::<u64>) {
                    Ok(Ok(number)) => {
                        let width = held.value.len();
                        let number = if verb == b"incr" { number + 1 } else { number - 1 };
                        items.put(key, format!("{number:<width$}").as_bytes(), held.flags);
                        number.to_string()
                    }
                    _ => "CLIENT_ERROR cannot increment or decrement non-numeric value".into(),
                }
            }
            _ => panic!("no token says {}", verb.escape_ascii()),
        };
        if noreply { vec![] } else { [reply.as_bytes(), b"\r\n"].concat() }
    }))
}

fn classic_refusal(refusal: &oracle::classic::Refusal<'_>, items: &mut Items) -> Vec<u8> {
    use oracle::classic::Fault;
    let reply: &[u8] = match refusal.fault {
        Fault::UnknownCommand | Fault::Words => b"ERROR\r\n",
        Fault::LongLine => b"CLIENT_ERROR line too long\r\n",
        Fault::Number | Fault::Key => b"CLIENT_ERROR bad command line format\r\n",
        Fault::Exptime => b"CLIENT_ERROR invalid exptime argument\r\n",
        Fault::Delta => b"CLIENT_ERROR invalid numeric delta argument\r\n",
        Fault::DeleteTime => {
            b"CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\n"
        }
        Fault::LargeValue(key) => {
            items.held.remove(key.unwrap_or_default());
            b"SERVER_ERROR object too large for cache\r\n"
        }
        Fault::BlockEnd => b"CLIENT_ERROR bad data chunk\r\n",
    };
    if refusal.noreply { vec![] } else { reply.to_vec() }
}

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
struct Side<G: Serve> {
    /// How many tokens it may send yet.
    tokens: usize,
    /// Sent, not yet delivered.
    wire: Vec<u8>,
    session: Session<G>,
    /// Delivered, not yet taken by the session.
    unread: Vec<u8>,
    /// Answered, not yet received.
    out: Vec<u8>,
    expected: Expected,
    ended: bool,
}

/// What the oracle expects of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Expected {
    /// All that was delivered, from the last offset on at which the machine was as new.
    stream: Vec<u8>,
    /// How many of its bytes the session has taken.
    read: usize,
    /// How many of its requests are answered, or being answered.
    done: usize,
    /// A retrieval, and its keys that are not answered yet.
    verb: Vec<u8>,
    keys: Vec<Vec<u8>>,
    /// Whether the client took its leave.
    closed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World<G: Serve> {
    sides: [Side<G>; 2],
    store: Map,
    items: Items,
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

struct Clients<G> {
    dialect: PhantomData<G>,
    /// What each side may send.
    tokens: [&'static [&'static [u8]]; 2],
    /// How many of them.
    counts: [usize; 2],
}

impl<G: Expects> Model for Clients<G> {
    type State = World<G>;
    type Action = Action;

    fn init_states(&self) -> Vec<World<G>> {
        let side = |tokens| Side {
            tokens,
            wire: vec![],
            session: Session::with_mark(G::LIMITS, MARK),
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
                    // Until the mark is reached, a session does nothing.
                    let least = if G::LONG_REPLIES { n.saturating_sub(MARK).max(1) } else { 1 };
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
                let whole = side.expected.closed || G::account(&side.expected.stream).whole;
                if side.session.clone().finish().is_ok() != whole {
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
                world.some(|side| side.told(b"STORED"))
            }),
            Property::sometimes("a hit", |_, world: &World<G>| {
                world.some(|side| side.told(b"VALUE"))
            }),
            Property::sometimes("a miss", |_, world: &World<G>| {
                world.some(|side| side.out == G::END)
            }),
            Property::sometimes("a refusal", |_, world: &World<G>| {
                world.some(|side| side.told(b"ERROR"))
            }),
            Property::sometimes("a recovery", |_, world: &World<G>| {
                world.some(|side| G::RECOVERIES.iter().any(|replies| side.told(replies)))
            }),
            Property::sometimes("a half answered get", |_, world: &World<G>| {
                world.some(|side| side.session.is_replying())
            }),
            Property::sometimes("requests that wait for room", |_, world: &World<G>| {
                world.some(|side| !side.unread.is_empty())
            }),
            Property::sometimes(
                "the other's set, and answers in the middle of a value",
                |_, world: &World<G>| {
                    let [one, other] = &world.sides;
                    one.told(b"STORED") && other.session.is_replying()
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
        properties.extend(G::more());
        properties
    }
}

impl<G: Serve> Side<G> {
    fn told(&self, word: &[u8]) -> bool {
        self.out.windows(word.len()).any(|part| part == word)
    }

    fn state(&self) -> State {
        self.session.machine().state()
    }
}

impl<G: Expects> World<G> {
    fn some(&self, is: impl Fn(&Side<G>) -> bool) -> bool {
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
            _ if expected_out.len() > MARK => Progress::OutputFull,
            true => Progress::Close,
            false => Progress::NeedInput,
        };
        let left = side.expected.stream.len() - side.expected.read;
        let machine = side.session.machine();
        let restored = Session::restore(G::LIMITS, MARK, side.session.save());
        let holds = self.items.held.len() == self.store.len()
            && self.items.held.iter().all(|(key, held)| {
                self.store.get(key, |item| {
                    let (meta, Held { value, flags, unique }) = (item.meta(), held);
                    item.value() == value && (meta.flags, meta.unique) == (*flags, *unique)
                }) == Some(true)
            });
        let arrived = side.expected.stream.len() - side.unread.len();
        self.broken = if side.out != expected_out || !holds || progress != progress_expected {
            Some(Law::Oracle)
        } else if side.unread.len() != left {
            Some(Law::Prompt)
        } else if recovered && *machine != Machine::new(G::LIMITS) {
            Some(Law::Recover)
        } else if restored.as_ref() != Ok(&side.session) {
            Some(Law::Resume)
        } else if machine.held() > (2 * arrived).max(memwire::machine::SMALL)
            || side.out.len() > MARK + G::LIMITS.line + G::LIMITS.value + 50
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
    fn advance<G: Expects>(&mut self, items: &mut Items, out: &mut Vec<u8>) -> bool {
        let Account { events, .. } = G::account(&self.stream);
        let ends = events.iter().map(|event| event.resumes).collect::<Vec<_>>();
        let mut events = events.into_iter().skip(self.done);
        let mut resumes = 0;
        while out.len() <= MARK && !self.closed {
            if !self.keys.is_empty() {
                let key = self.keys.remove(0);
                out.extend(G::answer(&self.verb, &key, items));
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
            match event.what {
                What::Retrieve(verb, keys) => {
                    self.verb = verb.to_vec();
                    self.keys = keys.iter().map(|key| key.to_vec()).collect();
                }
                What::Do(act) => out.extend(act(items)),
                What::Close => self.closed = true,
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
        recovered
    }
}

const SIMPLE: [&[&[u8]]; 2] = [
    &[
        b"set k 2\n\nb\n",
        b"get k k\n",
        b"set k 1\n",
        b"set k 3\n",
        b"xx",
        b"\n",
        b"get j k",
        b"xxxxxxxx",
    ],
    &[b"set k 1\na\n", b"get k k k\n", b"set k 0\n", b"\n"],
];

const CLASSIC: [&[&[u8]]; 2] = [
    &[
        b"set k 1 0 1\r\n8\r\n",
        b"gets k k\n",
        b"cas k 3 0 0 1\n\r\n",
        b"append k 9 0 0\n",
        b"incr k 1\n",
        b"set k 0 0 3\n",
        b"decr k 1 noreply\n",
        b"xx\n",
        b"gat -1 k j",
        b"xxxxxxxxx",
    ],
    &[b"set k 0 0 1\na\r\n", b"get k k\n", b"quit\nx"],
];

fn check<G: Expects>(tokens: [&'static [&'static [u8]]; 2], counts: [usize; 2]) -> usize {
    let clients = Clients { dialect: PhantomData::<G>, tokens, counts };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let checker = clients
        .checker()
        .threads(threads)
        .finish_when(HasDiscoveries::AnyFailures)
        // Breadth first, the worlds that wait to be visited would take all the memory.
        .spawn_dfs()
        .join();
    let states = checker.unique_state_count();
    println!("{states} states, {} steps, {} deep", checker.state_count(), checker.max_depth());
    checker.assert_properties();
    states
}

#[test]
fn two_clients() {
    assert!(check::<simple::Requests>(SIMPLE, [2, 1]) > 100_000);
}

#[test]
#[ignore = "takes minutes: cargo test --test model -- --ignored --nocapture"]
fn two_clients_with_more_to_say() {
    assert!(check::<simple::Requests>(SIMPLE, [4, 1]) > 10_000_000);
}

#[test]
fn two_clients_of_classic() {
    assert!(check::<classic::Requests>(CLASSIC, [2, 1]) > 100_000);
}

#[test]
#[ignore = "takes minutes: cargo test --test model -- --ignored --nocapture"]
fn two_clients_of_classic_with_more_to_say() {
    assert!(check::<classic::Requests>(CLASSIC, [4, 1]) > 10_000_000);
    // Fewer, but both have more than one thing to say.
    assert!(check::<classic::Requests>(CLASSIC, [2, 2]) > 5_000_000);
}
