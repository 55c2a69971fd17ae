//! Vector files and documents are parsed or rejected, and survive a round trip.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| memwire_fuzz::vectors(data));
