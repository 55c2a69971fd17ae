//! What the server can say of itself.

use std::{
    fmt::Display,
    path::PathBuf,
    process,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Instant,
};

use nix::sys::resource::{UsageWho, getrusage};

use crate::session::VERSION;
use crate::store::{Cache, Change, Count, Item, Store};

/// How the server was started, for `stats settings`.
#[derive(Debug)]
pub(super) struct Settings {
    pub connections: usize,
    pub threads: usize,
    pub item_size: usize,
    pub verbosity: u8,
    pub idle_timeout: u64,
    /// Whether `flush_all` is allowed.
    pub flush: bool,
    pub backlog: u32,
    /// 0: none.
    pub tcp_port: u16,
    pub socket: Option<PathBuf>,
}

/// A store whose clients can ask for statistics.
pub(super) struct Observed {
    cache: Cache,
    settings: Settings,
    started: Instant,
    /// Connections that are open, that ever were, and that were one too many.
    current: AtomicU64,
    total: AtomicU64,
    rejected: AtomicU64,
}

/// A connection, as long as it is open.
pub(super) struct Connected<'o>(&'o Observed);

impl Drop for Connected<'_> {
    fn drop(&mut self) {
        self.0.current.fetch_sub(1, Relaxed);
    }
}

impl Observed {
    pub fn new(cache: Cache, settings: Settings) -> Self {
        let [current, total, rejected] = [const { AtomicU64::new(0) }; 3];
        Self { cache, settings, started: Instant::now(), current, total, rejected }
    }

    /// Counts a connection.
    pub fn connected(&self) -> Connected<'_> {
        self.current.fetch_add(1, Relaxed);
        self.total.fetch_add(1, Relaxed);
        Connected(self)
    }

    /// Counts a connection that is one too many.
    pub fn rejected(&self) {
        self.rejected.fetch_add(1, Relaxed);
    }

    fn general(&self, now: u64, tell: &mut dyn FnMut(&str, &dyn Display)) {
        tell("pid", &process::id());
        tell("uptime", &self.started.elapsed().as_secs());
        tell("time", &now);
        // Not every client reads on behind a space.
        tell("version", &VERSION.replace(' ', "-"));
        tell("pointer_size", &usize::BITS);
        if let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) {
            for (name, time) in
                [("rusage_user", usage.user_time()), ("rusage_system", usage.system_time())]
            {
                tell(name, &format_args!("{}.{:06}", time.tv_sec(), time.tv_usec()));
            }
        }
        tell("max_connections", &self.settings.connections);
        tell("curr_connections", &self.current.load(Relaxed));
        tell("total_connections", &self.total.load(Relaxed));
        tell("rejected_connections", &self.rejected.load(Relaxed));
        // It never stops to listen, and gives up items rather than to have no room.
        tell("accepting_conns", &1);
        tell("listen_disabled_num", &0);
        tell("time_in_listen_disabled_us", &0);
        tell("store_no_memory", &0);
        for (what, name) in Count::ALL.into_iter().zip(Count::NAMES) {
            tell(name, &self.cache.counted(what));
        }
        tell("limit_maxbytes", &self.cache.capacity());
        tell("threads", &self.settings.threads);
        tell("bytes", &self.cache.weight());
        tell("curr_items", &self.cache.len());
        tell("evictions", &self.cache.evicted());
    }

    fn settings(&self, tell: &mut dyn FnMut(&str, &dyn Display)) {
        let Settings {
            connections,
            threads,
            item_size,
            verbosity,
            idle_timeout,
            flush,
            backlog,
            tcp_port,
            socket,
        } = &self.settings;
        tell("maxbytes", &self.cache.capacity());
        tell("maxconns", connections);
        tell("tcpport", tcp_port);
        tell("udpport", &0);
        tell("verbosity", verbosity);
        tell("evictions", &"on");
        match socket {
            Some(path) => tell("domain_socket", &path.display()),
            None => tell("domain_socket", &"NULL"),
        }
        tell("num_threads", threads);
        tell("cas_enabled", &"yes");
        tell("item_size_max", item_size);
        tell("tcp_backlog", backlog);
        tell("binding_protocol", &"ascii");
        tell("auth_enabled_sasl", &"no");
        tell("auth_enabled_ascii", &"no");
        tell("flush_enabled", if *flush { &"yes" } else { &"no" });
        tell("idle_timeout", idle_timeout);
    }
}

impl Store for &Observed {
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
        self.settings.flush && (&self.cache).flush(at)
    }

    fn resize(&mut self, bytes: u64) -> bool {
        (&self.cache).resize(bytes)
    }

    fn count(&mut self, what: Count, times: u64) {
        (&self.cache).count(what, times);
    }

    fn stats(&mut self, kind: &[u8], now: u64, tell: &mut dyn FnMut(&str, &dyn Display)) -> bool {
        match kind {
            b"" => self.general(now, tell),
            b"settings" => self.settings(tell),
            // There are no classes of items of which each had its own.
            b"items" | b"slabs" | b"sizes" => {}
            _ if kind.starts_with(b"cachedump ") => {}
            b"reset" => self.cache.reset_counts(),
            _ => return false,
        }
        true
    }
}
