//! Law *Linear*, and *Bounded* as measured at the allocator. Work is counted, not timed.

use std::{cell::Cell, fmt, marker::PhantomData};

use allocation_counter::measure;
use memwire::{
    Limits, Machine, Step,
    grammar::{Data, FastLine, Grammar, Line},
    machine::RETAINED_BUFFER,
};

thread_local! {
    static EXAMINED: Cell<u64> = const { Cell::new(0) };
    static BY_FAST_SCAN: Cell<u64> = const { Cell::new(0) };
}

/// The grammar `G`, with a count of the bytes that it examines.
pub struct Counted<G>(PhantomData<G>);

impl<G> fmt::Debug for Counted<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counted")
    }
}

fn add(count: &Cell<u64>, bytes: usize) {
    count.set(count.get() + bytes as u64);
}

/// The number of bytes that are examined to find the first LF.
fn up_to(lf: Option<usize>, text: &[u8]) -> usize {
    lf.map_or(text.len(), |lf| lf + 1)
}

impl<G: Grammar> Grammar for Counted<G> {
    type Head = G::Head;
    type Reject = G::Reject;
    type Message<'m> = G::Message<'m>;
    type Error<'m> = G::Error<'m>;

    const BLOCK_END: &'static [u8] = G::BLOCK_END;
    const RESYNC: bool = G::RESYNC;
    const LINE_TOO_LONG: G::Reject = G::LINE_TOO_LONG;

    fn bad_block(head: G::Head) -> G::Reject {
        G::bad_block(head)
    }

    fn scan(line: &[u8], limits: &Limits) -> Line<G::Head, G::Reject> {
        EXAMINED.with(|count| add(count, line.len()));
        G::scan(line, limits)
    }

    fn scan_fast(text: &[u8], limits: &Limits) -> Option<FastLine<G::Head>> {
        BY_FAST_SCAN.with(|count| add(count, up_to(G::line_end(text), text)));
        G::scan_fast(text, limits)
    }

    fn line_end(text: &[u8]) -> Option<usize> {
        let lf = G::line_end(text);
        EXAMINED.with(|count| add(count, up_to(lf, text)));
        lf
    }

    fn message<'m>(head: G::Head, line: &'m [u8], data: Data<'m>) -> G::Message<'m> {
        G::message(head, line, data)
    }

    fn error(reject: G::Reject, line: &[u8]) -> G::Error<'_> {
        G::error(reject, line)
    }
}

/// The work of a machine for a stream.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Work {
    /// The number of bytes that [`Grammar::line_end`] and [`Grammar::scan`] examined. The end of a
    /// data block, which the machine compares, is not counted.
    pub examined: u64,
    /// The number of bytes that [`Grammar::scan_fast`] examined.
    pub by_fast_scan: u64,
    /// The memory that it allocated.
    pub heap: Heap,
}

/// The allocations of a thread.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Heap {
    /// The number of allocations.
    pub allocations: u64,
    /// The sum of their sizes, in bytes.
    pub bytes: u64,
    /// The most bytes allocated at one time.
    pub peak: u64,
    /// The bytes still allocated; negative if older allocations were freed.
    pub left: i64,
}

/// The allocations of this thread while `run` runs.
pub fn heap(run: impl FnOnce()) -> Heap {
    let info = measure(run);
    Heap {
        allocations: info.count_total,
        bytes: info.bytes_total,
        peak: info.bytes_max,
        left: info.bytes_current,
    }
}

/// Feeds these chunks to a new machine, and drops each message at once.
#[must_use]
pub fn work<G: Grammar>(limits: Limits, chunks: &[&[u8]]) -> Work {
    EXAMINED.set(0);
    BY_FAST_SCAN.set(0);
    let heap = heap(|| {
        let mut machine = Machine::<Counted<G>>::new(limits);
        for chunk in chunks {
            let mut input = *chunk;
            while !matches!(machine.step(&mut input), Step::NeedMore) {}
        }
    });
    Work { examined: EXAMINED.get(), by_fast_scan: BY_FAST_SCAN.get(), heap }
}

/// Laws *Linear* and *Bounded*.
///
/// A byte is copied only into memory that was allocated for it, so the sum of all allocations
/// bounds the bytes copied, growth included.
///
/// # Panics
///
/// If a byte is examined more than three times, or if more is allocated than these laws allow.
pub fn linear<G: Grammar>(limits: Limits, chunks: &[&[u8]]) {
    let length = chunks.iter().map(|chunk| chunk.len() as u64).sum::<u64>();
    let Work { examined, by_fast_scan, heap } = work::<G>(limits, chunks);
    let shown = || chunks.concat().escape_ascii().to_string();
    assert!(examined <= 2 * length, "Linear: {examined} bytes examined of {length}: {}", shown());
    assert!(by_fast_scan <= length, "Linear: {by_fast_scan} more of {length}: {}", shown());
    let allocated = heap.bytes;
    let bound = 4 * length + RETAINED_BUFFER as u64;
    assert!(allocated <= bound, "Linear: {allocated} allocated for {length}: {}", shown());
    // While a buffer grows, both the old and the new one are allocated.
    let bound = 2 * (2 * length).max(RETAINED_BUFFER as u64);
    let peak = heap.peak;
    assert!(peak <= bound, "Bounded: {peak} bytes at once for {length}: {}", shown());
    assert_eq!(heap.left, 0, "Bounded: something is left: {}", shown());
}
