//! The suite as a library: runs against servers in this process.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use memwire::{Limits, Session, dialect::simple::Requests, store::Map};
use memwire_conformance::{
    Config, Delivery, Event, Interrupt, RunError, SelectionError, Split, Target,
    dialect::SIMPLE,
    report,
    results::{Results, Verdict},
    run,
    vectors::Suite,
};

/// A server that does this with each connection.
fn server(serve: fn(TcpStream)) -> Target {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(stream));
        }
    });
    Target::Tcp(address.to_string())
}

/// Serves `simple` from a store of the connection's own; `change` gives the replies that are sent.
fn serve(mut stream: TcpStream, change: fn(&[u8]) -> Vec<u8>) {
    let mut session = Session::<Requests>::with_high_water_mark(Limits::DEFAULT, usize::MAX);
    let (mut store, mut buffer) = (Map::new(), [0; 4096]);
    while let Ok(length @ 1..) = stream.read(&mut buffer) {
        let mut replies = vec![];
        session.advance(&mut store, 0, &mut &buffer[..length], &mut replies);
        if stream.write_all(&change(&replies)).is_err() {
            return;
        }
    }
}

fn config(target: Target) -> Config {
    let splits = [Delivery::Whole, Delivery::Lines, Delivery::Pipelined].map(Split::Plain);
    Config::new(target, &SIMPLE).with_only(["get/*"]).with_splits(splits)
}

fn run_quietly(config: &Config) -> Result<Results, RunError> {
    run(config, |_| (), &Interrupt::new())
}

#[test]
fn a_right_server_passes() {
    let counts = Arc::new([const { AtomicUsize::new(0) }; 2]);
    let [started, finished] = [0, 1];
    let counting = Arc::clone(&counts);
    let on_event = move |event: Event<'_>| match event {
        Event::Started { vectors } => counting[started].store(vectors, Relaxed),
        Event::Finished(result) => {
            assert_eq!(result.verdict, Verdict::Pass, "{}", result.id);
            counting[finished].fetch_add(1, Relaxed);
        }
        _ => {}
    };
    let config = config(server(|stream| serve(stream, <[u8]>::to_vec)));
    let results = run(&config, on_event, &Interrupt::new()).expect("it is reached");
    assert!(results.passed(), "{}", report::human(&results));
    let [started, finished] = [started, finished].map(|index| counts[index].load(Relaxed));
    assert_eq!((started, finished), (results.vectors.len(), results.vectors.len()));
    assert!(started > 10, "only {started} vectors");
    let pipelined = results.vectors.iter();
    let pipelined =
        pipelined.filter(|vector| vector.deliveries.contains_key(&Delivery::Pipelined)).count();
    assert!(pipelined > 10, "only {pipelined} with a neighbour");
}

fn with_cr_lf(replies: &[u8]) -> Vec<u8> {
    let mut out = vec![];
    for line in replies.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(line) => out.extend_from_slice(&[line, b"\r\n"].concat()),
            None => out.extend_from_slice(line),
        }
    }
    out
}

#[test]
fn a_bug_is_found_diagnosed_and_reported() {
    let config = config(server(|stream| serve(stream, with_cr_lf)))
        .with_name(Some("CR LF".to_owned()))
        .with_known_failures(["get/twice"]);
    let results = run_quietly(&config).expect("it is reached");
    assert!(!results.passed());
    let twice = results.vectors.iter().find(|vector| vector.id == "get/twice");
    let twice = twice.expect("it is selected");
    assert!(twice.known && twice.verdict == Verdict::Wrong);
    let failure = twice.failure.as_ref().expect("it fails");
    let hint = failure.hint.as_deref().unwrap_or_default();
    assert!(hint.starts_with("the replies end with CR LF"), "{hint}");
    assert!(failure.reproduce.contains("| nc 127.0.0.1 "), "{}", failure.reproduce);
    assert!(failure.cuts.is_empty() && !failure.only_when_split);
    let json = report::json(&results).expect("JSON");
    let schema = include_str!("../../spec/result.schema.json");
    let schema = serde_json::from_str(schema).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let value = serde_json::from_str(&json).expect("JSON");
    let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert_eq!(errors, [""; 0]);
    let read = Results::from_json(&json).expect("the same results");
    assert_eq!(report::tap(&read), report::tap(&results));
    for text in [
        report::human(&results),
        report::tap(&results),
        report::junit(&results).expect("XML"),
        report::html(&[&results]).expect("a page"),
        report::comparison(&[&results]),
    ] {
        assert!(text.contains("CR LF"), "{text}");
    }
}

#[test]
fn an_interrupt_ends_a_run() {
    let target = server(|mut stream| drop(stream.read_to_end(&mut vec![])));
    let config = config(target).with_timeout(Duration::from_mins(1));
    let interrupt = Interrupt::new();
    let from_outside = interrupt.clone();
    let since = Instant::now();
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(100));
        from_outside.interrupt();
    });
    let error = run(&config, |_| (), &interrupt).expect_err("it was interrupted");
    assert!(matches!(error, RunError::Interrupted), "{error}");
    assert!(since.elapsed() < Duration::from_secs(30));
}

#[test]
fn what_cannot_be_run_is_an_error() {
    let config = || config(Target::Tcp("127.0.0.1:1".to_owned()));
    let selection = |config: Config| match run_quietly(&config) {
        Err(RunError::Selection(error)) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(selection(config().with_only(["no/such"])), SelectionError::NoMatch);
    let matched = 1;
    let only_limits = config().with_only(["limits/value-at"]);
    assert_eq!(selection(only_limits), SelectionError::NoneOfLevel { matched });
    let without = config().with_only(["get/many-misses"]).without(["multiget"]);
    assert_eq!(selection(without), SelectionError::NoneSupported { matched });
    let wings = selection(config().without(["wings"])).to_string();
    assert!(
        wings.starts_with("there is no capability `wings`: expected one of errors, "),
        "{wings}"
    );
    assert!(matches!(selection(config().with_skip(["["])), SelectionError::Glob { .. }));
    let error = run_quietly(&config()).expect_err("nothing listens there");
    assert!(matches!(&error, RunError::Target(text) if text.contains("127.0.0.1:1")), "{error}");
    let error = run_quietly(&Config::new(Target::Spawn("true".to_owned()), &SIMPLE));
    assert!(matches!(error, Err(RunError::NoPort)), "{error:?}");
}

#[test]
fn a_list_of_known_failures_names_vectors() {
    let suite = Suite::from_json(SIMPLE.suite).expect("the vectors can be read");
    let ids = suite.known_failures("# these\nget/twice # and\n\n  get/repeated-key\n");
    assert_eq!(ids.expect("they exist"), ["get/twice", "get/repeated-key"]);
    let error = suite.known_failures("get/twice\n\nget/none\n").expect_err("one does not");
    assert_eq!(error.to_string(), "line 3: there is no vector `get/none`");
}
