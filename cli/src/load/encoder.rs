//! Encodes planned requests, in buffers that are reused: the hot path allocates nothing.

use super::{client::Client, dataset::Dataset, workload::PlannedRequest};

/// Requests in the form in which they are sent.
#[derive(Default)]
pub struct Encoder {
    encoded: Vec<u8>,
    /// The keys and the value of the request that is being encoded.
    keys: Vec<u8>,
    value: Vec<u8>,
}

impl Encoder {
    /// Forgets what was encoded.
    pub fn clear(&mut self) {
        self.encoded.clear();
    }

    /// All requests since the last [`clear`](Self::clear).
    pub fn as_bytes(&self) -> &[u8] {
        &self.encoded
    }

    /// Appends a request; `keys` are those of a get.
    pub fn put<C: Client>(&mut self, request: PlannedRequest, keys: &[u32], dataset: &Dataset) {
        self.keys.clear();
        match request {
            PlannedRequest::Get { .. } => {
                for (index, key) in keys.iter().enumerate() {
                    if index > 0 {
                        self.keys.push(b' ');
                    }
                    dataset.put_key(*key, &mut self.keys);
                }
                C::encode_get(&self.keys, &mut self.encoded);
            }
            PlannedRequest::Set { key, version, size } => {
                dataset.put_key(key, &mut self.keys);
                self.value.clear();
                dataset.put_value(key, version, size as usize, &mut self.value);
                C::encode_set(&self.keys, &self.value, &mut self.encoded);
            }
        }
    }
}
