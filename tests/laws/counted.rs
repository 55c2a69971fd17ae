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
}

/// The grammar `G`, counting the bytes that it is asked to look at.
#[derive(Debug)]
pub struct Counted<G>(PhantomData<G>);

fn count<T>(text: &[u8], found: Option<T>, length: impl Fn(&T) -> usize) -> Option<T> {
    let examined = found.as_ref().map_or(text.len(), length);
    EXAMINED.set(EXAMINED.get() + examined as u64);
    found
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
        count(line, Some(G::scan(line, limits)), |_| line.len()).expect("a line")
    }

    fn scan_common(text: &[u8], limits: &Limits) -> Option<Scanned<Self>> {
        let end = text.iter().position(|byte| *byte == b'\n').map_or(text.len(), |lf| lf + 1);
        count(&text[..end], G::scan_common(text, limits), |(_, length)| *length)
    }

    fn line_end(text: &[u8]) -> Option<usize> {
        count(text, G::line_end(text), |at| at + 1)
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
    pub heap: AllocationInfo,
}

/// Feeds these chunks, and drops each message as soon as it is lent.
pub fn work<G: Grammar>(limits: Limits, chunks: &[&[u8]]) -> Work {
    EXAMINED.set(0);
    let heap = measure(|| {
        let mut machine = Machine::<Counted<G>>::new(limits);
        for chunk in chunks {
            let mut input = *chunk;
            while !matches!(machine.step(&mut input), Step::NeedMore) {}
        }
    });
    Work { examined: EXAMINED.get(), heap }
}

/// Laws *Linear* and *Bounded*.
///
/// A byte is copied only into memory that was allocated for it, so what was allocated in all bounds
/// what was copied, growth included. Only what is pending at the end may have got more memory than
/// bytes.
pub fn linear<G: Grammar>(limits: Limits, chunks: &[&[u8]]) {
    let length = chunks.iter().map(|chunk| chunk.len() as u64).sum::<u64>();
    let Work { examined, heap } = work::<G>(limits, chunks);
    let shown = || chunks.concat().escape_ascii().to_string();
    assert!(examined <= 3 * length, "Linear: {examined} bytes examined of {length}: {}", shown());
    let allocated = heap.bytes_total;
    let bound = 4 * length + SMALL as u64;
    assert!(allocated <= bound, "Linear: {allocated} allocated for {length}: {}", shown());
    // While a buffer grows, the old one and the new one are there.
    let bound = 2 * (2 * length).max(SMALL as u64);
    let most = heap.bytes_max;
    assert!(most <= bound, "Bounded: {most} bytes at once for {length}: {}", shown());
    assert_eq!(heap.bytes_current, 0, "Bounded: something is left: {}", shown());
}
