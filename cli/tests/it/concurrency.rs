//! Many clients on the same keys: no torn values, no replies to other clients, and a history that
//! is linearizable.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    thread,
    time::Instant,
};

use crate::process::Server;

/// A client with one request at a time in flight.
struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    fn new(server: &Server) -> Self {
        Self { stream: BufReader::new(server.connect()) }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("the server answers");
        line
    }

    fn set(&mut self, key: &str, value: &[u8]) {
        let request = [format!("set {key} {}\n", value.len()).as_bytes(), value, b"\n"].concat();
        self.stream.get_mut().write_all(&request).expect("the server reads");
        assert_eq!(self.line(), "STORED\n");
    }

    fn get(&mut self, key: &str) -> Option<Vec<u8>> {
        let request = format!("get {key}\n");
        self.stream.get_mut().write_all(request.as_bytes()).expect("the server reads");
        let line = self.line();
        if line == "END\n" {
            return None;
        }
        let rest = line.strip_prefix(&format!("VALUE {key} ")).expect("the key that was asked for");
        let size: usize = rest.trim_end().parse().expect("a count");
        let mut value = vec![0; size + 1];
        self.stream.read_exact(&mut value).expect("the value");
        assert_eq!(value.pop(), Some(b'\n'));
        assert_eq!(self.line(), "END\n");
        Some(value)
    }
}

/// A value that shows whether it is whole: its seed, then bytes that follow from it.
fn whole(seed: u64, size: usize) -> Vec<u8> {
    let mut value = format!("{seed} {size} ").into_bytes();
    let mut state = seed;
    while value.len() < size {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        value.push(state.to_le_bytes()[7]);
    }
    value
}

fn is_whole(value: &[u8]) -> bool {
    let mut words = value.split(|byte| *byte == b' ');
    let mut number = || std::str::from_utf8(words.next()?).ok()?.parse::<u64>().ok();
    let (Some(seed), Some(size)) = (number(), number()) else { return false };
    value == whole(seed, usize::try_from(size).expect("a size"))
}

#[test]
fn values_are_not_torn() {
    assert!(is_whole(&whole(7, 100)) && !is_whole(&whole(7, 100)[..99]));
    let server = Server::start(&[]);
    thread::scope(|scope| {
        for client in 0..16_u64 {
            let server = &server;
            scope.spawn(move || {
                let mut asks = Client::new(server);
                for round in 0..400_u64 {
                    let seed = client * 1000 + round;
                    let key = format!("k{}", seed % 5);
                    if seed % 3 == 0 {
                        let size = [40, 700, 5000, 30_000, 200_000][(seed / 3 % 5) as usize];
                        asks.set(&key, &whole(seed, size));
                    } else if let Some(value) = asks.get(&key) {
                        assert!(is_whole(&value), "{key} is torn");
                    }
                }
            });
        }
    });
}

/// A `set`, or a `get` that found a value; each value is set once. Times in nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Operation {
    is_set: bool,
    value: u64,
    start: u64,
    end: u64,
}

/// What holds before anything was set.
const NOTHING: u64 = 0;

/// Whether a history of one key is linearizable (Gibbons and Korach, "Testing Shared Memories",
/// 1997). The operations on one value are a cluster, and its zone is the time between the first
/// end and the last start of any of them: in a forward zone (end before start) the key must hold
/// the value throughout. So no two forward zones may overlap, and no backward zone may lie within
/// a forward one.
fn is_linearizable(history: &[Operation]) -> bool {
    let mut values: Vec<_> = history.iter().map(|operation| operation.value).collect();
    values.sort_unstable();
    values.dedup();
    let (mut forward, mut backward) = (vec![], vec![]);
    for value in values {
        let cluster = || history.iter().filter(move |operation| operation.value == value);
        if value != NOTHING {
            let Some(set) = cluster().find(|operation| operation.is_set) else { return false };
            if cluster().any(|operation| operation.end < set.start) {
                return false;
            }
        }
        let ends = cluster().map(|operation| operation.end).min().unwrap_or_default();
        let first_end = if value == NOTHING { 0 } else { ends };
        let last_start = cluster().map(|operation| operation.start).max().unwrap_or_default();
        if first_end < last_start {
            forward.push((first_end, last_start));
        } else {
            backward.push((last_start, first_end));
        }
    }
    forward.sort_unstable();
    let apart = forward.windows(2).all(|pair| pair[0].1 <= pair[1].0);
    let within =
        |inner: &(u64, u64)| forward.iter().any(|outer| outer.0 < inner.0 && inner.1 < outer.1);
    apart && !backward.iter().any(within)
}

#[test]
fn the_checker_distinguishes_good_histories_from_bad_ones() {
    let set = |value, start, end| Operation { is_set: true, value, start, end };
    let get = |value, start, end| Operation { is_set: false, value, start, end };
    let good: [&[Operation]; 6] = [
        &[],
        &[get(NOTHING, 1, 2), set(1, 3, 4), get(1, 5, 6)],
        // Overlapping operations may go either way.
        &[set(1, 1, 10), get(NOTHING, 2, 3), get(1, 4, 5), get(1, 11, 12)],
        &[set(1, 1, 10), set(2, 2, 9), get(1, 11, 12), get(1, 13, 14)],
        &[set(1, 1, 10), set(2, 2, 9), get(2, 3, 4), get(1, 5, 20)],
        &[set(1, 1, 2), set(2, 3, 10), get(1, 4, 5), get(2, 6, 7)],
    ];
    for history in good {
        assert!(is_linearizable(history), "{history:?}");
    }
    let bad: [&[Operation]; 6] = [
        // Found before it was set.
        &[get(1, 1, 2), set(1, 3, 4)],
        &[get(1, 1, 2)],
        // Lost.
        &[set(1, 1, 2), get(NOTHING, 3, 4)],
        // Old after new.
        &[set(1, 1, 2), set(2, 3, 4), get(1, 5, 6)],
        &[set(1, 1, 2), set(2, 3, 10), get(2, 4, 5), get(1, 6, 7)],
        // Two readers that disagree on the order.
        &[set(1, 1, 9), set(2, 1, 9), get(1, 10, 11), get(2, 12, 13), get(1, 14, 15)],
    ];
    for history in bad {
        assert!(!is_linearizable(history), "{history:?}");
    }
}

#[test]
fn single_key_operations_are_linearizable() {
    const CLIENTS: u64 = 8;
    const ROUNDS: u64 = 1500;
    const KEYS: usize = 3;
    let server = Server::start(&[]);
    let clock = Instant::now();
    let now = || u64::try_from(clock.elapsed().as_nanos()).expect("a short test") + 1;
    let mut histories = vec![vec![]; KEYS];
    thread::scope(|scope| {
        let record = |client: u64| {
            let server = &server;
            move || {
                let mut asks = Client::new(server);
                let mut history = vec![];
                for round in 0..ROUNDS {
                    let key = usize::try_from(client + round * 7).expect("small") % KEYS;
                    let name = format!("key{key}");
                    let start = now();
                    let is_set = (client + round).is_multiple_of(4);
                    let value = if is_set {
                        let value = 1 + client * ROUNDS + round;
                        // Of different lengths, so that some are shared and some are copied.
                        let padding = " ".repeat((value % 3) as usize * 3000);
                        asks.set(&name, format!("{value}{padding}").as_bytes());
                        value
                    } else {
                        let value = asks.get(&name).unwrap_or_else(|| NOTHING.to_string().into());
                        let text = String::from_utf8(value).expect("text");
                        text.trim_end().parse().expect("a number")
                    };
                    history.push((key, Operation { is_set, value, start, end: now() }));
                }
                history
            }
        };
        let clients: Vec<_> = (0..CLIENTS).map(|client| scope.spawn(record(client))).collect();
        for client in clients {
            for (key, operation) in client.join().expect("no panic") {
                histories[key].push(operation);
            }
        }
    });
    for history in histories {
        assert_eq!(history.len() as u64, CLIENTS * ROUNDS / KEYS as u64);
        assert!(is_linearizable(&history));
    }
}
