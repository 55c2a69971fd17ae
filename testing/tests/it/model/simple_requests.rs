//! What the model expects of the requests of `simple`.

use memwire::{Limits, dialect::simple::Requests};
use memwire_testing::oracle::simple::{Request, RequestError, requests};

use super::expected::{Action, Expects, Items, Script, StoredItem};

impl Expects for Requests {
    const LIMITS: Limits = Limits::DEFAULT.with_line(10).with_value(2);
    const END: &'static [u8] = b"END\n";
    const LONG_REPLIES: bool = false;
    const RECOVERIES: [&'static [u8]; 2] = [b"chunk\nERROR", b"chunk\nSTORED"];

    fn script(stream: &[u8]) -> Script<'_> {
        let action = |result: Result<_, RequestError>| match result {
            Ok(Request::Get(keys)) => Action::Retrieve(b"get", keys),
            Ok(Request::Set(key, value)) => Action::Do(Box::new(move |items| {
                // Items of this dialect have no CAS uniques.
                let stored = StoredItem { value: value.to_vec(), flags: 0, cas: 0 };
                items.by_key.insert(key.to_vec(), stored);
                b"STORED\n".to_vec()
            })),
            Err(error) => Action::Do(Box::new(move |_| error.reply().to_vec())),
        };
        Script::new(requests(stream, &Self::LIMITS), action)
    }

    fn reply(_: &[u8], key: &[u8], items: &mut Items) -> Vec<u8> {
        let Some(StoredItem { value, .. }) = items.by_key.get(key) else { return vec![] };
        let line = format!(" {}\n", value.len());
        [b"VALUE ", key, line.as_bytes(), value, b"\n"].concat()
    }
}
