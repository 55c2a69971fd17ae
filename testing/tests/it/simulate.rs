//! `simulate`: from a stream of requests to a stream of replies.

use memwire::{simulate, simulate_to};

#[test]
fn a_stream_is_simulated() {
    let requests = b"set k 1\nv\nget k x\nfrob\nget k".to_vec();
    let expected = b"STORED\nVALUE k 1\nv\nEND\nERROR\n";
    assert_eq!(simulate(&requests), expected);
}

#[test]
fn long_replies_come_in_pieces() {
    let long = [b"set k 40000\n", &vec![b'v'; 40_000][..], b"\nget k k k k k\n"].concat();
    let (mut pieces, mut drained) = (0, Vec::new());
    simulate_to(&long, |piece| {
        pieces += 1;
        drained.extend_from_slice(piece);
    });
    assert_eq!(drained, simulate(&long));
    assert!(pieces > 1);
}
