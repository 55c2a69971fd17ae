//! Law *Linear*, and *Bounded* as the allocator sees it: work is counted, not timed.

use std::{cell::Cell, marker::PhantomData};

use allocation_counter::{AllocationInfo, measure};
use memwire::{
    Limits, Machine, Step,
    dialect::{Grammar, Line, Scanned, Value},
    machine::SMALL,
};

thread_local! {
    static EXAMINED: Cell<u64> = const { Cell::new(0) };
    static BY_SHORTCUT: Cell<u64> = const { Cell::new(0) };
}

/// The grammar `G`, counting the bytes that it is asked to look at.
#[derive(Debug)]
pub struct Counted<G>(PhantomData<G>);

fn add(count: &Cell<u64>, bytes: usize) {
    count.set(count.get() + bytes as u64);
}

/// The length of what is looked at to find the first LF.
fn up_to(lf: Option<usize>, text: &[u8]) -> usize {
    lf.map_or(text.len(), |lf| lf + 1)
}

impl<G: Grammar> Grammar for Counted<G> {
    type Head = G::Head;
    type Refusal = G::Refusal;
    type Message<'m> = G::Message<'m>;

    const BLOCK_END: &'static [u8] = G::BLOCK_END;
    const RESYNC: bool = G::RESYNC;
    const LONG_LINE: G::Refusal = G::LONG_LINE;

    fn bad_block(head: G::Head) -> G::Refusal {
        G::bad_block(head)
    }

    fn scan(line: &[u8], limits: &Limits) -> Line<G::Head, G::Refusal> {
        EXAMINED.with(|count| add(count, line.len()));
        G::scan(line, limits)
    }

    fn scan_common(text: &[u8], limits: &Limits) -> Option<Scanned<G::Head>> {
        BY_SHORTCUT.with(|count| add(count, up_to(G::line_end(text), text)));
        G::scan_common(text, limits)
    }

    fn line_end(text: &[u8]) -> Option<usize> {
        let lf = G::line_end(text);
        EXAMINED.with(|count| add(count, up_to(lf, text)));
        lf
    }

    fn lend<'m>(head: G::Head, line: &'m [u8], value: Value<'m>) -> G::Message<'m> {
        G::lend(head, line, value)
    }
}

/// What a machine did with a stream.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// The bytes that it searched or read. Those right behind a data block, which it compares with
    /// the block's end, are not among them.
    pub examined: u64,
    /// The bytes of the lines that it asked [`Grammar::scan_common`] about, at most once each.
    pub by_shortcut: u64,
    pub heap: AllocationInfo,
}

/// Feeds these chunks, and drops each message as soon as it is lent.
pub fn work<G: Grammar>(limits: Limits, chunks: &[&[u8]]) -> Work {
    EXAMINED.set(0);
    BY_SHORTCUT.set(0);
    let heap = measure(|| {
        let mut machine = Machine::<Counted<G>>::new(limits);
        for chunk in chunks {
            let mut input = *chunk;
            while !matches!(machine.step(&mut input), Step::NeedMore) {}
        }
    });
    Work { examined: EXAMINED.get(), by_shortcut: BY_SHORTCUT.get(), heap }
}

/// Laws *Linear* and *Bounded*.
///
/// A byte is copied only into memory that was allocated for it, so what was allocated in all bounds
/// what was copied, growth included. Only what is pending at the end may have got more memory than
/// bytes.
pub fn linear<G: Grammar>(limits: Limits, chunks: &[&[u8]]) {
    let length = chunks.iter().map(|chunk| chunk.len() as u64).sum::<u64>();
    let Work { examined, by_shortcut, heap } = work::<G>(limits, chunks);
    let shown = || chunks.concat().escape_ascii().to_string();
    assert!(examined <= 2 * length, "Linear: {examined} bytes examined of {length}: {}", shown());
    assert!(by_shortcut <= length, "Linear: {by_shortcut} more of {length}: {}", shown());
    let allocated = heap.bytes_total;
    let bound = 4 * length + SMALL as u64;
    assert!(allocated <= bound, "Linear: {allocated} allocated for {length}: {}", shown());
    // While a buffer grows, the old one and the new one are there.
    let bound = 2 * (2 * length).max(SMALL as u64);
    let most = heap.bytes_max;
    assert!(most <= bound, "Bounded: {most} bytes at once for {length}: {}", shown());
    assert_eq!(heap.bytes_current, 0, "Bounded: something is left: {}", shown());
}
