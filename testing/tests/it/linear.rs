//! Laws *Linear* and *Bounded* on long streams: work is counted, so that nothing depends on time.

use memwire::{
    Limits, Progress, Session,
    dialect::simple::{Replies, Requests},
    machine::RETAINED_BUFFER,
    store::Map,
};
use memwire_testing::laws::counting::{heap, linear, work};

const LIMITS: Limits = Limits::DEFAULT;

/// From byte by byte to all at once.
const CHUNKS: [usize; 9] = [1, 2, 7, 64, 1460, 4096, 4097, 65_536, usize::MAX];

fn block(head: &str, size: usize, value: u8) -> Vec<u8> {
    [format!("{head} {size}\n").as_bytes(), &vec![value; size], b"\n"].concat()
}

#[test]
fn requests() {
    let streams = [
        // Many keys.
        [b"get".to_vec(), b" key".repeat(50_000), b"\n".to_vec()].concat(),
        // One long key.
        [b"get ".to_vec(), vec![b'k'; 200_000], b"\n".to_vec()].concat(),
        // Spaces.
        [b"get ".to_vec(), vec![b' '; 200_000], b"k\n".to_vec()].concat(),
        // An unknown word.
        [vec![b'x'; 200_000], b"\n".to_vec()].concat(),
        // A bad key.
        [b"get ".to_vec(), vec![b'!'; 200_000], b"\n".to_vec()].concat(),
        // A large value.
        block("set k", 1_048_576, b'v'),
        // A value of newlines.
        block("set k", 300_000, b'\n'),
        // A bad block.
        [block("set k", 300_000, b'v'), b"get k\n".to_vec()].concat(),
        // A rejected block.
        block("set k!", 300_000, b'\n'),
        // A declared gigabyte.
        [b"set k 1073741824\n".to_vec(), vec![b'v'; 300_000]].concat(),
        // A line without end.
        vec![b'x'; 600_000],
        // Many lines.
        b"get k\nset k 3\nabc\nfrob\n".repeat(10_000),
        // Many empty lines.
        vec![b'\n'; 200_000],
    ];
    for stream in streams {
        for size in CHUNKS {
            let chunks: Vec<_> = stream.chunks(size).collect();
            linear::<Requests>(LIMITS, &chunks);
        }
    }
}

#[test]
fn replies() {
    let limits = LIMITS.for_replies();
    let streams = [
        block("VALUE k", 1_048_576, b'v'),
        [b"SERVER_ERROR ".to_vec(), vec![b'x'; 200_000], b"\n".to_vec()].concat(),
        [b"VALUE ".to_vec(), vec![b'k'; 200_000], b" 1\nv\n".to_vec()].concat(),
        b"VALUE k 3\nabc\nEND\nSTORED\nERROR\nwhat\n".repeat(10_000),
    ];
    for stream in streams {
        for size in CHUNKS {
            linear::<Replies>(limits, &stream.chunks(size).collect::<Vec<_>>());
        }
    }
}

/// A value in pieces is copied into a buffer of its size, which grew out of smaller ones: each byte
/// moves twice at most.
#[test]
fn a_value_is_copied_twice_at_most() {
    for size in [1, 100, RETAINED_BUFFER, RETAINED_BUFFER + 1, 65_537, 1_048_576] {
        let stream = block("set k", size, b'v');
        for chunk in CHUNKS {
            let chunks: Vec<_> = stream.chunks(chunk).collect();
            let heap = work::<Requests>(LIMITS, &chunks).heap;
            // The value's bytes, those that moved when the buffer grew, and twice the line.
            let bound = 2 * size as u64 + 2 * 20;
            assert!(heap.bytes <= bound, "{size} in chunks of {chunk}: {heap:?}");
        }
    }
}

/// What lies in one chunk is borrowed from it.
#[test]
fn messages_in_one_chunk_allocate_nothing() {
    let requests = b"get k\nget a b c\nset k 3\na\nb\nfrob\nset ! 2\nab\n".repeat(100);
    let heap = work::<Requests>(LIMITS, &[&requests]).heap;
    assert_eq!((heap.allocations, heap.bytes), (0, 0));
    let replies = b"VALUE k 3\na\nb\nEND\nSTORED\nERROR\nCLIENT_ERROR no\n".repeat(100);
    let heap = work::<Replies>(LIMITS, &[&replies]).heap;
    assert_eq!((heap.allocations, heap.bytes), (0, 0));
}

/// Lines that come in pieces use one buffer again and again.
#[test]
fn lines_in_pieces_allocate_once() {
    let stream = b"get key\n".repeat(1000);
    let heap = work::<Requests>(LIMITS, &stream.chunks(5).collect::<Vec<_>>()).heap;
    assert!(heap.allocations <= 4, "{heap:?}");
}

/// A session replies to a get out of the store into the caller's buffer.
#[test]
fn replies_allocate_nothing() {
    let mut session = Session::<Requests>::new(LIMITS);
    let mut store = Map::new();
    let mut out = Vec::with_capacity(100_000);
    session.advance(&mut store, 0, &mut &b"set k 3\nabc\n"[..], &mut out);
    let requests = b"get k\nget k missing k\nfrob\n".repeat(500);
    let used = heap(|| {
        let progress = session.advance(&mut store, 0, &mut &requests[..], &mut out);
        assert_eq!(progress, Progress::NeedInput);
    });
    assert_eq!((used.allocations, used.bytes), (0, 0));
    assert!(out.len() > 20_000);
}

/// Keys are copied only where the output is past the high-water mark, and keys are left.
#[test]
fn a_get_copies_no_key_up_to_the_high_water_mark() {
    let mut store = Map::new();
    let mut out = Vec::with_capacity(100);
    let hit = b"VALUE a 3\nabc\n".len();
    for (mark, copied) in [(hit - 1, true), (hit, false), (hit + 1, false)] {
        let mut session = Session::<Requests>::with_high_water_mark(LIMITS, mark);
        session.advance(&mut store, 0, &mut &b"set a 3\nabc\n"[..], &mut out);
        out.clear();
        let mut input = &b"get a a\n"[..];
        let mut progress = Progress::NeedInput;
        let counted = heap(|| {
            progress = session.advance(&mut store, 0, &mut input, &mut out);
        });
        assert_eq!(counted.allocations > 0, copied, "mark {mark}");
        assert_eq!(progress, Progress::OutputFull, "mark {mark}");
        assert_eq!(out.len(), if copied { hit } else { 2 * hit + 4 }, "mark {mark}");
        out.clear();
    }
}
