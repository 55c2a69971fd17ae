//! The replies of sessions to the vectors, under many splits; and where a session stops.

use memwire::{Progress, Session, dialect::classic::Requests, store::Map};
use memwire_conformance::vectors::{Captures, End, Step, Vector};
use memwire_testing::laws;

use super::common::{LIMITS, NOW, judged, replies, splits};

/// A session that is fed by chunks, and saved and restored each time its output is full.
struct Client {
    session: Session<Requests>,
    store: Map,
    now: u64,
    high_water_mark: usize,
    out: Vec<u8>,
}

impl Client {
    fn new(high_water_mark: usize) -> Self {
        let session = Session::with_high_water_mark(LIMITS, high_water_mark);
        Self { session, store: Map::new(), now: NOW, high_water_mark, out: vec![] }
    }

    fn feed(&mut self, chunk: &[u8]) {
        let mut input = chunk;
        let mut out = vec![];
        loop {
            let progress = self.session.advance(&mut self.store, self.now, &mut input, &mut out);
            self.out.append(&mut out);
            match progress {
                Progress::NeedInput => return assert!(input.is_empty()),
                Progress::Close => return assert!(self.session.is_closed()),
                Progress::OutputFull => {}
            }
            let saved = self.session.save();
            let restored =
                Session::restore(LIMITS, self.high_water_mark, saved).expect("it was saved");
            assert_eq!(restored, self.session);
            self.session = restored;
        }
    }

    fn finish(self, vector: &Vector) {
        let start = self.session.finish().err().map(|truncated| truncated.start);
        match vector.end {
            End::Clean => assert_eq!(start, None, "{}", vector.id),
            End::Truncated(offset) => assert_eq!(start, Some(offset), "{}", vector.id),
        }
    }
}

#[test]
fn sessions_answer_step_by_step() {
    for vector in judged() {
        let mut client = Client::new(usize::MAX);
        let mut captures = Captures::new();
        for step in &vector.steps {
            match step {
                Step::Send(pattern) => {
                    let mut bytes = vec![];
                    pattern.fill(&captures, &mut bytes);
                    client.feed(&bytes);
                }
                Step::Expect(pattern) => {
                    let rest = pattern.strip(&client.out, &mut captures);
                    let shown = client.out.escape_ascii();
                    assert!(rest.is_some_and(<[u8]>::is_empty), "{}: {shown}", vector.id);
                    client.out.clear();
                }
                Step::Wait(seconds) => client.now += u64::from(*seconds),
            }
        }
        assert!(client.out.is_empty(), "{}: {}", vector.id, client.out.escape_ascii());
        client.finish(&vector);
    }
}

#[test]
fn sessions_agree_under_every_split_and_high_water_mark() {
    for vector in judged().filter(|vector| !vector.is_interactive()) {
        let stream = vector.sent();
        for split in splits::<Requests>(LIMITS, &stream) {
            for high_water_mark in [0, 65_536] {
                let mut client = Client::new(high_water_mark);
                for chunk in laws::chunks(&stream, &split) {
                    client.feed(chunk);
                }
                let shown = client.out.escape_ascii();
                let matches = vector.expected().matches(&client.out);
                let id = &vector.id;
                assert!(matches, "{id} split at {split:?}, mark {high_water_mark}: {shown}");
                client.finish(&vector);
            }
        }
    }
}

#[test]
fn a_get_stops_where_its_answers_pass_the_mark() {
    let value = "VALUE k 0 1;9;";
    let mark = value.len() + 2;
    for (mark, stops) in [(mark - 1, true), (mark, false)] {
        let (mut store, mut session) = (Map::new(), Session::with_high_water_mark(LIMITS, mark));
        replies(&mut session, &mut store, "set k 0 0 1 noreply;9;");
        let got = replies(&mut session, &mut store, "get k k;");
        assert_eq!((got == value, session.is_replying()), (stops, stops), "{mark}: {got}");
    }
    // After the last key there is nothing to wait for.
    let (mut store, mut session) = (Map::new(), Session::with_high_water_mark(LIMITS, 0));
    replies(&mut session, &mut store, "set k 0 0 1 noreply;9;");
    assert_eq!(replies(&mut session, &mut store, "get k;"), format!("{value}END;"));
    assert!(!session.is_replying());
}
