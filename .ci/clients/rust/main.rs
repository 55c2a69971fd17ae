//! Tests a server with the crate `memcache`: `memwire-clients HOST PORT`.
//!
//! The checks are those of `clients.py`, as far as the crate supports them: it does not return
//! whether `add`, `replace`, `append` and `prepend` stored; it has no `noreply`; and in the text
//! protocol its `stats` leaves replies unread.

use std::{
    collections::HashMap,
    env,
    error::Error,
    fmt::Debug,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use memcache::{Client, MemcacheError};

const THREADS: usize = 8;
const ROUNDS: usize = 100;
const CONNECTIONS: u32 = 200;
const LARGE: usize = 1_000_000;
const PATIENCE: Duration = Duration::from_secs(10);

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// A value, its flags and its CAS unique.
type Unique = (Vec<u8>, u32, Option<u64>);

static COUNT: AtomicUsize = AtomicUsize::new(0);

#[track_caller]
fn equal<T: Debug + PartialEq>(got: T, wanted: T) {
    // Not assert_eq: it would print a megabyte.
    assert!(
        got == wanted,
        "got {:.200}, wanted {:.200}",
        format!("{got:?}"),
        format!("{wanted:?}")
    );
    COUNT.fetch_add(1, Ordering::Relaxed);
}

fn get(client: &Client, key: &str) -> Result<Option<Vec<u8>>, MemcacheError> {
    client.get(key)
}

fn storing(client: &Client) -> Outcome {
    let value = |text: &str| Some(text.as_bytes().to_vec());
    equal(get(client, "nothing")?, None);
    client.set("key", "value", 0)?;
    equal(get(client, "key")?, value("value"));
    client.set("empty", "", 0)?;
    equal(get(client, "empty")?, value(""));
    client.add("key", "other", 0)?;
    client.replace("nothing", "x", 0)?;
    client.append("nothing", "x")?;
    equal(get(client, "key")?, value("value"));
    equal(get(client, "nothing")?, None);
    client.add("added", "x", 0)?;
    equal(get(client, "added")?, value("x"));
    client.replace("key", "middle", 0)?;
    client.append("key", " end")?;
    client.prepend("key", "start ")?;
    equal(get(client, "key")?, value("start middle end"));
    equal(client.delete("key")?, true);
    equal(client.delete("key")?, false);
    equal(get(client, "key")?, None);
    equal(client.touch("key", 100)?, false);
    Ok(())
}

fn many(client: &Client) -> Outcome {
    let values: HashMap<_, _> = (0..100)
        .map(|number| (format!("many:{number}"), number.to_string().repeat(number)))
        .collect();
    for (key, value) in &values {
        client.set(key, value, 0)?;
    }
    let misses: Vec<_> = values.keys().map(|key| format!("no:{key}")).collect();
    let keys: Vec<_> = values.keys().chain(&misses).map(String::as_str).collect();
    equal(client.gets(&keys)?, values);
    Ok(())
}

fn numbers(client: &Client) -> Outcome {
    client.set("number", 9, 0)?;
    equal(client.increment("number", 41)?, 50);
    equal(client.decrement("number", 45)?, 5);
    equal(client.decrement("number", 100)?, 0);
    client.set("number", u64::MAX, 0)?;
    equal(client.increment("number", 3)?, 2);
    equal(client.increment("nothing", 1).is_err(), true);
    Ok(())
}

fn bytes_of_all_kinds(client: &Client) -> Outcome {
    let all: Vec<u8> = (0..=255).collect();
    for value in [b"\r\n", &b"END\r\n"[..], b"a\r\nVALUE a 0 1\r\n", &all] {
        client.set("bytes", value, 0)?;
        equal(get(client, "bytes")?.as_deref(), Some(value));
    }
    for key in ["schlüssel", "ключ:1", "鍵", &"k".repeat(250)] {
        client.set(key, "value", 0)?;
        equal(client.get(key)?, Some("value".to_owned()));
    }
    Ok(())
}

fn large(client: &Client) -> Outcome {
    let value: Vec<u8> = (0..LARGE).map(|at| (at % 251) as u8).collect();
    client.set("large", &value[..], 0)?;
    equal(get(client, "large")?.as_deref(), Some(&value[..]));
    let error = client.set("large", &[value.clone(), value].concat()[..], 0).err();
    let message = error.map(|error| error.to_string()).unwrap_or_default();
    equal(message.contains("object too large for cache"), true);
    // On the same connection: it has but one.
    client.set("small", "x", 0)?;
    equal(client.get("small")?, Some("x".to_owned()));
    equal(get(client, "large")?, None);
    Ok(())
}

fn expiry(client: &Client) -> Outcome {
    client.set("short", "x", 1)?;
    client.set("long", "x", 100)?;
    client.set("touched", "x", 0)?;
    equal(client.touch("touched", 1)?, true);
    let start = Instant::now();
    while client.gets::<String>(&["short", "touched"])? != HashMap::new() {
        assert!(start.elapsed() < PATIENCE, "it does not expire");
        thread::sleep(Duration::from_millis(50));
    }
    equal(client.get("long")?, Some("x".to_owned()));
    Ok(())
}

fn flush(client: &Client) -> Outcome {
    client.set("flushed", "x", 0)?;
    client.flush()?;
    equal(get(client, "flushed")?, None);
    client.set("flushed", "y", 0)?;
    equal(client.get("flushed")?, Some("y".to_owned()));
    equal(client.version()?[0].1.starts_with("1."), true);
    Ok(())
}

/// Eight add to one number with `gets` and `cas`: no addition is lost.
fn race(url: &str) -> Outcome {
    Client::connect(url)?.set("race", 0, 0)?;
    let add = || -> Outcome {
        let client = Client::connect(url)?;
        for _ in 0..ROUNDS {
            loop {
                let found: Option<Unique> = client.get("race")?;
                let (value, _, unique) = found.ok_or("it is there")?;
                let next = str::from_utf8(&value)?.parse::<u64>()? + 1;
                if client.cas("race", next, 0, unique.ok_or("it has a unique")?)? {
                    break;
                }
            }
        }
        Ok(())
    };
    all_of((0..THREADS).map(|_| add))?;
    equal(Client::connect(url)?.get("race")?, Some((THREADS * ROUNDS) as u64));
    Ok(())
}

/// Many connections at once, of one pool.
fn crowd(url: &str) -> Outcome {
    let client = &Client::with_pool_size(url, CONNECTIONS)?;
    all_of((0..CONNECTIONS).map(|number| {
        move || -> Outcome {
            let key = format!("crowd:{number}");
            client.set(&key, number, 0)?;
            equal(client.get(&key)?, Some(number));
            Ok(())
        }
    }))
}

/// Runs each in a thread of its own.
fn all_of(works: impl Iterator<Item = impl FnOnce() -> Outcome + Send>) -> Outcome {
    thread::scope(|scope| {
        let threads: Vec<_> = works.map(|work| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("it does not panic"))
    })
}

fn main() -> Outcome {
    let [host, port] = &env::args().skip(1).collect::<Vec<_>>()[..] else {
        return Err("usage: memwire-clients HOST PORT".into());
    };
    let url = format!("memcache://{host}:{port}?protocol=ascii&timeout=10");
    let client = Client::connect(&url[..])?;
    client.flush()?;
    for check in [storing, many, numbers, bytes_of_all_kinds, large, expiry, flush] {
        check(&client)?;
    }
    drop(client);
    race(&url)?;
    crowd(&url)?;
    println!("{} checks passed", COUNT.load(Ordering::Relaxed));
    Ok(())
}
