//! Two clients, one store, any chunks, any interleaving: a model checker walks through all that the
//! real sessions can come to, and compares each step with what the oracle says, and with what its
//! requests should do.

use std::thread;

use memwire::dialect::{classic, simple};
use stateright::{Checker as _, HasDiscoveries, Model as _, Property};

use expected::Expects;
use world::{Clients, World};

mod classic_requests;
mod expected;
mod simple_requests;
mod world;

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

/// What `classic` has to reach, besides what every dialect has.
fn reached_by_classic() -> Vec<Property<Clients<classic::Requests>>> {
    type Classic = World<classic::Requests>;
    vec![
        Property::sometimes("a cas that stores", |_, world: &Classic| {
            world.items.by_key.values().any(|stored| stored.flags == 3)
        }),
        Property::sometimes("a cas that is too late", |_, world: &Classic| {
            world.some(|side| side.replied(b"EXISTS"))
        }),
        Property::sometimes("a number", |_, world: &Classic| {
            world.some(|side| side.replied(b"STORED\r\n9\r\n"))
        }),
        Property::sometimes("an item that expired when it was touched", |_, world: &Classic| {
            world.items.by_key.is_empty() && world.some(|side| side.replied(b"VALUE"))
        }),
        Property::sometimes("a change without a reply", |_, world: &Classic| {
            world.items.by_key.values().any(|stored| stored.value == b"7")
        }),
        Property::sometimes("a quit, and bytes after it", |_, world: &Classic| {
            world.some(|side| side.expected.discarded)
        }),
    ]
}

fn check<G: Expects>(
    tokens: [&'static [&'static [u8]]; 2],
    counts: [usize; 2],
    reached: fn() -> Vec<Property<Clients<G>>>,
) -> usize {
    let clients = Clients { tokens, counts, reached };
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
fn simple_clients() {
    assert!(check::<simple::Requests>(SIMPLE, [2, 1], Vec::new) > 100_000);
}

#[test]
#[ignore = "takes minutes: cargo test -p memwire-testing --test it model -- --ignored --nocapture"]
fn simple_clients_with_more_requests() {
    assert!(check::<simple::Requests>(SIMPLE, [4, 1], Vec::new) > 10_000_000);
}

#[test]
fn classic_clients() {
    assert!(check::<classic::Requests>(CLASSIC, [2, 1], reached_by_classic) > 100_000);
}

#[test]
#[ignore = "takes minutes: cargo test -p memwire-testing --test it model -- --ignored --nocapture"]
fn classic_clients_with_more_requests() {
    assert!(check::<classic::Requests>(CLASSIC, [4, 1], reached_by_classic) > 10_000_000);
    // Fewer, but both have more than one request.
    assert!(check::<classic::Requests>(CLASSIC, [2, 2], reached_by_classic) > 5_000_000);
}
