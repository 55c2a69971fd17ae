//! Items that have their `VALUE` reply ready, so that a hit takes one copy.

use crate::{
    dialect::classic::{Key, put_value_line, value_line_tail},
    grammar::Data,
    session::sink::Sink,
    store::{Item, Meta},
    text::number::ReverseWriter,
};

const CR_LF: &[u8; 2] = b"\r\n";

/// An item that is written with one copy, unless its CAS unique value is requested.
pub fn rendered(key: &[u8], value: Data<'_>, meta: Meta) -> Item {
    let mut tail = ReverseWriter::new();
    value_line_tail(&mut tail, meta.flags, value.len(), None);
    Item::framed(key, tail.as_bytes(), value, CR_LF, meta)
}

/// Appends the `VALUE` line and the data block of an item.
pub fn put_value(key: Key<'_>, item: &Item, with_cas: bool, out: &mut impl Sink) {
    match item.frame(CR_LF) {
        Some(frame) if !with_cas => {
            out.put(b"VALUE ");
            out.put(frame);
        }
        _ => {
            let Meta { flags, cas, .. } = item.meta();
            put_value_line(key, flags, item.value().len(), with_cas.then_some(cas), out);
            out.put_item(item);
            out.put(CR_LF);
        }
    }
}
