//! The documents' vectors, through everything that speaks the dialect here, under many splits.

use std::{
    fs,
    io::{self, Read},
    iter::{self, Peekable},
    path::Path,
    pin::Pin,
    slice,
    task::{Context, Poll, ready},
};

use memwire::{
    Limits,
    app::{Options, RunError, converse, run},
    dialect::simple::{Replies, Requests},
    oracle, simulate, simulate_to,
    store::Cache,
    vectors::{Clause, DIALECTS, Dialect, End, Level, Suite, Vector},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    net::{TcpListener, TcpStream},
    runtime,
    sync::watch,
};

mod laws;

const LIMITS: Limits = Limits::DEFAULT;

fn spec(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn suite() -> Suite {
    Suite::from_json(&spec("simple.json")).expect("the vectors can be read")
}

/// Those that expect something.
fn judged() -> Vec<Vector> {
    let mut vectors = suite().vectors;
    vectors.retain(|vector| vector.level.is_some());
    vectors
}

fn splits(stream: &[u8]) -> Vec<Vec<usize>> {
    laws::splits::<Requests>(LIMITS, stream)
}

#[test]
fn the_json_is_what_the_document_gives() {
    for Dialect { name, .. } in DIALECTS {
        let document = format!("{name}.md");
        let suite = Suite::from_document(name, &document, &spec(&document));
        let json = suite.expect("the document is in its notation").to_json();
        assert!(
            json == spec(&format!("{name}.json")),
            "spec/{name}.json is stale: run `cargo run -- vectors generate spec/{name}.md`"
        );
    }
}

#[test]
fn the_json_fits_its_schema() {
    let schema = serde_json::from_str(&spec("vector.schema.json")).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let mut json = serde_json::Value::Null;
    for dialect in DIALECTS {
        json = serde_json::from_str(dialect.suite).expect("the vectors are JSON");
        let errors: Vec<_> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert_eq!(errors, [""; 0], "{}", dialect.name);
    }
    // The schema is not one that everything fits.
    let wrong: [fn(&mut serde_json::Value); 6] = [
        |json| json["format"] = 2.into(),
        |json| json["more"] = 1.into(),
        |json| json["clauses"][0]["level"] = "MUSTN'T".into(),
        |json| json["vectors"][0]["id"] = "Not An Id".into(),
        |json| json["vectors"][0]["steps"][0] = serde_json::json!({ "send": "\u{100}" }),
        |json| json["vectors"][0]["end"] = "open".into(),
    ];
    for change in wrong {
        let good = json.clone();
        change(&mut json);
        assert!(!validator.is_valid(&json));
        json = good;
    }
}

#[test]
fn every_clause_has_a_vector_at_its_own_level() {
    for dialect in DIALECTS {
        let suite = Suite::from_json(dialect.suite).expect("the vectors can be read");
        for Clause { id, level, .. } in suite.clauses {
            let mut vectors = suite.vectors.iter();
            let shown = vectors.any(|vector| vector.level == level && vector.clauses.contains(&id));
            assert!(shown, "{id} is shown by no vector that is a {level:?}");
        }
    }
}

/// A MUST is only what the origin says of the streams that it calls valid.
#[test]
fn must_vectors_are_valid_streams_of_the_origin() {
    for vector in suite().vectors.into_iter().filter(|vector| vector.level == Some(Level::Must)) {
        let id = &vector.id;
        let stream = vector.sent();
        assert!(stream.len() <= 200_000, "{id} is longer than the origin's streams");
        assert!(vector.requires.iter().all(|name| name == "multiget"), "{id}");
        assert!(vector.expected().is_literal(), "{id}");
        assert_eq!(vector.end, End::Clean, "{id}");
        let account = oracle::simple::requests(&stream, &LIMITS);
        for event in account.events {
            let Ok(request) = event.what else { panic!("{id} has a wrong request") };
            let line = stream[event.start..].split(|byte| *byte == b'\n').next();
            let line = String::from_utf8(line.expect("a line").to_vec()).expect("text");
            let words: Vec<_> = line.split_whitespace().collect();
            assert_eq!(words.join(" "), line, "{id}");
            let many = matches!(request, oracle::simple::Request::Get(keys) if keys.len() > 1);
            assert!(!many || !vector.requires.is_empty(), "{id} needs multiget");
        }
    }
}

#[test]
fn the_examples_of_the_origin_are_among_them() {
    #[derive(serde::Deserialize)]
    struct Example {
        part: u32,
        input: String,
        output: String,
    }
    let bytes = |text: &str| text.chars().map(|c| u8::try_from(c).expect("a byte")).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/origin.json");
    let json = fs::read_to_string(path).expect("the origin's examples are there");
    let examples: Vec<Example> = serde_json::from_str(&json).expect("the examples can be read");
    let vectors = suite().vectors;
    for part in [1, 2] {
        assert_eq!(examples.iter().filter(|example| example.part == part).count(), 9);
    }
    for Example { part, input, output } in examples {
        let (input, output): (Vec<u8>, Vec<u8>) = (bytes(&input), bytes(&output));
        let shown = vectors
            .iter()
            .find(|vector| vector.sent() == input && vector.expected().matches(&output));
        let vector = shown.unwrap_or_else(|| panic!("part {part}: {}", input.escape_ascii()));
        assert_eq!(vector.level, Some(Level::Must), "{}", vector.id);
        assert!(vector.expected().is_literal(), "{}", vector.id);
        assert!(part == 2 || vector.requires.is_empty(), "{} is of part 1", vector.id);
        assert_eq!(simulate(&input), output);
    }
}

#[test]
fn the_oracle_agrees_with_the_document() {
    for vector in judged() {
        let stream = vector.sent();
        let account = oracle::simple::requests(&stream, &LIMITS);
        check(&vector, "the oracle", &oracle::simple::answers(&account));
        assert_eq!(
            account.stands.map(|stands| stands.start as u64),
            truncated(&vector),
            "{}",
            vector.id
        );
    }
}

#[test]
fn the_machine_agrees_with_the_oracle_under_every_split() {
    for vector in suite().vectors {
        let stream = vector.sent();
        let expected = <Requests as laws::Checked>::account(&stream, &LIMITS).log;
        for cuts in splits(&stream) {
            let log = laws::record::<Requests>(LIMITS, &laws::chunks(&stream, &cuts));
            assert!(log == expected, "{} cut at {cuts:?}", vector.id);
        }
        laws::recover::<Requests>(LIMITS, &stream);
    }
}

#[test]
fn replies_are_read_under_every_split() {
    for vector in suite().vectors {
        let stream = simulate(&vector.sent());
        let limits = LIMITS.of_replies();
        let expected = <Replies as laws::Checked>::account(&stream, &limits).log;
        assert_eq!(expected.end, Ok(()), "{}", vector.id);
        for cuts in splits(&stream) {
            let log = laws::record::<Replies>(limits, &laws::chunks(&stream, &cuts));
            assert!(log == expected, "the replies of {} cut at {cuts:?}", vector.id);
        }
        laws::recover::<Replies>(limits, &stream);
    }
}

#[test]
fn machines_are_saved_and_restored_at_every_byte() {
    for vector in suite().vectors {
        let stream = vector.sent();
        let places = if stream.len() <= 4096 {
            (0..=stream.len()).collect()
        } else {
            laws::cuts_of_a_long_stream::<Requests>(LIMITS, &stream)
        };
        for at in places {
            laws::resume::<Requests>(LIMITS, &stream, &[at]);
        }
    }
}

/// `steps` are honoured: what is expected before the next bytes are sent, is answered before.
#[test]
fn sessions_answer_step_by_step() {
    use memwire::{Session, store::Map, vectors::Step};
    for vector in judged() {
        let mut session = Session::<Requests>::with_mark(LIMITS, usize::MAX);
        let mut store = Map::new();
        let mut out = Vec::new();
        for step in &vector.steps {
            match step {
                Step::Send(pattern) => {
                    let mut bytes = Vec::new();
                    pattern.expand(&mut bytes);
                    session.advance(&mut store, 0, &mut &bytes[..], &mut out);
                }
                Step::Expect(pattern) => {
                    assert!(pattern.matches(&out), "{}: {}", vector.id, out.escape_ascii());
                    out.clear();
                }
                Step::Wait(_) => panic!("{}: nothing changes by itself", vector.id),
            }
        }
        assert_eq!(out.escape_ascii().to_string(), "", "{}", vector.id);
        assert_eq!(session.finish().err().map(|end| end.start), truncated(&vector));
    }
}

#[test]
fn sessions_agree_under_every_split_and_mark() {
    for vector in judged() {
        let stream = vector.sent();
        for cuts in splits(&stream) {
            let chunks = laws::chunks(&stream, &cuts);
            let (answers, end) = laws::converse(LIMITS, 65_536, &chunks);
            check(&vector, &format!("a session, cut at {cuts:?}"), &answers);
            assert_eq!(end.err().map(|end| end.start), truncated(&vector), "{}", vector.id);
        }
        for mark in [0, 1, 10, 100, 1000, usize::MAX] {
            let (answers, _) = laws::converse(LIMITS, mark, &[&stream]);
            check(&vector, &format!("a session with mark {mark}"), &answers);
        }
    }
}

#[test]
fn simulate_agrees() {
    for vector in judged() {
        let stream = vector.sent();
        check(&vector, "simulate", &simulate(&stream));
        let mut drained = Vec::new();
        simulate_to(&stream, |piece| drained.extend_from_slice(piece));
        check(&vector, "simulate_to", &drained);
    }
}

#[test]
fn run_agrees_under_every_split() {
    struct Chunks<'s>(std::vec::IntoIter<&'s [u8]>);
    impl Read for Chunks<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some(chunk) = self.0.next() else { return Ok(0) };
            let (now, later) = chunk.split_at(chunk.len().min(buffer.len()));
            buffer[..now.len()].copy_from_slice(now);
            if !later.is_empty() {
                let rest: Vec<_> = [later].into_iter().chain(self.0.by_ref()).collect();
                self.0 = rest.into_iter();
            }
            Ok(now.len())
        }
    }
    for vector in judged() {
        let stream = vector.sent();
        for cuts in splits(&stream) {
            let mut input = Chunks(laws::chunks(&stream, &cuts).into_iter());
            let mut output = Vec::new();
            let end = match run::<Requests>(LIMITS, &mut input, &mut output) {
                Ok(()) => None,
                Err(RunError::Truncated(truncated)) => Some(truncated.start),
                Err(error) => panic!("{}: {error}", vector.id),
            };
            check(&vector, &format!("run, cut at {cuts:?}"), &output);
            assert_eq!(end, truncated(&vector), "{}", vector.id);
        }
    }
}

/// Over real sockets, whose reads on the server's side end where the split says.
#[test]
fn tcp_agrees_under_every_split() {
    let runtime = runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
    for vector in judged() {
        let stream = vector.sent();
        runtime.block_on(async {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
            for cuts in splits(&stream) {
                let answers = over_tcp(&listener, &stream, &cuts).await;
                check(&vector, &format!("TCP, cut at {cuts:?}"), &answers);
            }
        });
    }
}

async fn over_tcp(listener: &TcpListener, stream: &[u8], cuts: &[usize]) -> Vec<u8> {
    let address = listener.local_addr().expect("an address");
    let (client, server) = tokio::join!(TcpStream::connect(address), listener.accept());
    let (client, (server, _)) = (client.expect("a connection"), server.expect("a connection"));
    let cuts = cuts.iter().copied().peekable();
    let server = Cut { stream: server, cuts, read: 0 };
    let store = Cache::new(16 << 20, 2 << 20);
    let (_keep, stop) = watch::channel(false);
    let serving = async {
        // A truncated stream is an error here, and told by other tests.
        let _ = converse::<Requests, _>(server, &store, Options::default(), stop).await;
    };
    let (mut replies, mut requests) = client.into_split();
    let sending = async {
        requests.write_all(stream).await.expect("the server reads");
        requests.shutdown().await.expect("the end of the stream is sent");
    };
    let mut answers = Vec::new();
    let ((), (), result) = tokio::join!(serving, sending, replies.read_to_end(&mut answers));
    result.expect("the server answers, and closes");
    answers
}

/// A stream whose reads end at these offsets.
struct Cut<'c> {
    stream: TcpStream,
    cuts: Peekable<iter::Copied<slice::Iter<'c, usize>>>,
    read: usize,
}

impl AsyncRead for Cut<'_> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { stream, cuts, read } = self.get_mut();
        while cuts.next_if(|cut| *cut <= *read).is_some() {}
        let most = cuts.peek().map_or(usize::MAX, |cut| cut - *read).min(buffer.remaining());
        let mut chunk = ReadBuf::new(buffer.initialize_unfilled_to(most));
        ready!(Pin::new(stream).poll_read(context, &mut chunk))?;
        let length = chunk.filled().len();
        buffer.advance(length);
        *read += length;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Cut<'_> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

fn truncated(vector: &Vector) -> Option<u64> {
    match vector.end {
        End::Clean => None,
        End::Truncated(start) => Some(start),
    }
}

fn check(vector: &Vector, who: &str, answers: &[u8]) {
    assert!(
        vector.expected().matches(answers),
        "{}: {who} answers {}",
        vector.id,
        answers[..answers.len().min(2000)].escape_ascii(),
    );
}
