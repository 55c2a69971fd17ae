//! The reports of `stats` and `stats settings`, and the store that makes them.

use std::{
    fmt::Display,
    path::PathBuf,
    process,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Instant,
};

use memwire::{
    store::{Change, Item, Store},
    telemetry::{Counter, Telemetry},
};
use nix::sys::resource::{UsageWho, getrusage};

use crate::{
    cache::Cache,
    connection_counters::{ConnectionCounter, ConnectionCounters},
    memcached,
};

/// How the server was started, for `stats settings`.
#[derive(Debug)]
pub struct Settings {
    /// The limit of simultaneous connections.
    pub connection_limit: usize,
    /// The worker threads.
    pub threads: usize,
    /// The size of the largest item, in bytes.
    pub item_size: usize,
    /// How much is logged.
    pub verbosity: u8,
    /// In seconds; 0: none.
    pub idle_timeout: u64,
    /// Whether `flush_all` is allowed.
    pub flush_all: bool,
    /// The length of the queue of connections to accept.
    pub backlog: u32,
    /// 0: none.
    pub tcp_port: u16,
    /// The path of the Unix socket.
    pub unix_socket: Option<PathBuf>,
}

/// A store whose clients can ask for statistics.
#[derive(Debug)]
pub struct InstrumentedCache {
    cache: Cache,
    settings: Settings,
    started: Instant,
    connections: ConnectionCounters,
    /// Connections that are open, …
    current: AtomicU64,
    /// … that ever were, …
    total: AtomicU64,
    /// … and that were rejected.
    rejected: AtomicU64,
}

/// An open connection. Dropped, it is counted as closed.
#[derive(Debug)]
pub struct OpenConnection<'o>(&'o InstrumentedCache);

impl Drop for OpenConnection<'_> {
    fn drop(&mut self) {
        self.0.current.fetch_sub(1, Relaxed);
    }
}

impl InstrumentedCache {
    /// With all counters at 0, except those of the cache.
    pub fn new(cache: Cache, settings: Settings) -> Self {
        let [current, total, rejected] = [const { AtomicU64::new(0) }; 3];
        let (started, connections) = (Instant::now(), ConnectionCounters::new());
        Self { cache, settings, started, connections, current, total, rejected }
    }

    /// The counters of all connections.
    pub fn connection_counters(&self) -> &ConnectionCounters {
        &self.connections
    }

    /// Counts a connection as open until the returned guard is dropped.
    pub fn connection_opened(&self) -> OpenConnection<'_> {
        self.current.fetch_add(1, Relaxed);
        self.total.fetch_add(1, Relaxed);
        OpenConnection(self)
    }

    /// Counts a rejected connection.
    pub fn connection_rejected(&self) {
        self.rejected.fetch_add(1, Relaxed);
    }

    /// `stats`.
    fn report_general(&self, now: u64, report: &mut dyn FnMut(&str, &dyn Display)) {
        report("pid", &process::id());
        report("uptime", &self.started.elapsed().as_secs());
        report("time", &now);
        // Some clients stop reading at a space.
        report("version", &memcached::VERSION.replace(' ', "-"));
        report("pointer_size", &usize::BITS);
        if let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) {
            for (name, time) in
                [("rusage_user", usage.user_time()), ("rusage_system", usage.system_time())]
            {
                report(name, &format_args!("{}.{:06}", time.tv_sec(), time.tv_usec()));
            }
        }
        report("max_connections", &self.settings.connection_limit);
        report("curr_connections", &self.current.load(Relaxed));
        report("total_connections", &self.total.load(Relaxed));
        report("rejected_connections", &self.rejected.load(Relaxed));
        // The server never stops listening, and evicts items when it is full.
        report("accepting_conns", &1);
        report("listen_disabled_num", &0);
        report("time_in_listen_disabled_us", &0);
        report("store_no_memory", &0);
        for counter in Counter::ALL {
            report(counter.name(), &self.cache.counted(*counter));
        }
        for counter in ConnectionCounter::ALL {
            report(counter.name(), &self.connections.get(*counter));
        }
        report("limit_maxbytes", &self.cache.capacity());
        report("threads", &self.settings.threads);
        report("bytes", &self.cache.weight());
        report("curr_items", &self.cache.len());
        report("evictions", &self.cache.evicted());
    }

    /// `stats settings`.
    fn report_settings(&self, report: &mut dyn FnMut(&str, &dyn Display)) {
        let Settings {
            connection_limit,
            threads,
            item_size,
            verbosity,
            idle_timeout,
            flush_all,
            backlog,
            tcp_port,
            unix_socket,
        } = &self.settings;
        report("maxbytes", &self.cache.capacity());
        report("maxconns", connection_limit);
        report("tcpport", tcp_port);
        report("udpport", &0);
        report("verbosity", verbosity);
        report("evictions", &"on");
        match unix_socket {
            Some(path) => report("domain_socket", &path.display()),
            None => report("domain_socket", &"NULL"),
        }
        report("num_threads", threads);
        report("cas_enabled", &"yes");
        report("item_size_max", item_size);
        report("tcp_backlog", backlog);
        report("binding_protocol", &"ascii");
        report("auth_enabled_sasl", &"no");
        report("auth_enabled_ascii", &"no");
        report("flush_enabled", if *flush_all { &"yes" } else { &"no" });
        report("idle_timeout", idle_timeout);
    }

    /// `stats reset`.
    fn reset(&self) {
        self.cache.reset_counts();
        self.connections.reset();
    }
}

impl Telemetry for &InstrumentedCache {
    fn count(&mut self, counter: Counter, times: u64) {
        (&self.cache).count(counter, times);
    }

    fn stats(&mut self, kind: &[u8], now: u64, report: &mut dyn FnMut(&str, &dyn Display)) -> bool {
        match kind {
            b"" => self.report_general(now, report),
            b"settings" => self.report_settings(report),
            // There are no classes of items with statistics of their own.
            b"items" | b"slabs" | b"sizes" => {}
            _ if kind.starts_with(b"cachedump ") => {}
            b"reset" => self.reset(),
            _ => return false,
        }
        true
    }

    fn version(&self) -> &str {
        memcached::VERSION
    }
}

impl Store for &InstrumentedCache {
    fn get<R>(&mut self, key: &[u8], read: impl FnOnce(&Item) -> R) -> Option<R> {
        (&self.cache).get(key, read)
    }

    fn update<R>(&mut self, key: &[u8], decide: impl FnOnce(Option<&Item>) -> (Change, R)) -> R {
        (&self.cache).update(key, decide)
    }

    fn change(&mut self, key: &[u8], change: Change) {
        (&self.cache).change(key, change);
    }

    fn generation(&mut self, now: u64) -> u32 {
        (&self.cache).generation(now)
    }

    fn flush(&mut self, at: u64) -> bool {
        self.settings.flush_all && (&self.cache).flush(at)
    }

    fn resize(&mut self, bytes: u64) -> bool {
        (&self.cache).resize(bytes)
    }
}
