//! The store of the filter: unbounded, and with the server's answer to `version`.

use memwire::{
    store::{Change, Item, Map, Store},
    telemetry::Telemetry,
};
use memwire_server::memcached;

/// A plain map that reports the version that the server reports.
#[derive(Debug, Default)]
pub struct FilterStore(Map);

impl Telemetry for FilterStore {
    fn version(&self) -> &str {
        memcached::VERSION
    }
}

impl Store for FilterStore {
    fn get<R>(&mut self, key: &[u8], read: impl FnOnce(&Item) -> R) -> Option<R> {
        self.0.get(key, read)
    }

    fn update<R>(&mut self, key: &[u8], decide: impl FnOnce(Option<&Item>) -> (Change, R)) -> R {
        self.0.update(key, decide)
    }

    fn change(&mut self, key: &[u8], change: Change) {
        self.0.change(key, change);
    }

    fn generation(&mut self, now: u64) -> u32 {
        self.0.generation(now)
    }

    fn flush(&mut self, at: u64) -> bool {
        self.0.flush(at)
    }
}
