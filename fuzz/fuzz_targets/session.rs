//! A session with a low high-water mark replies as the oracle does.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| memwire_fuzz::session(data));
