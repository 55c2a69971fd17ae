//! A session of the classic dialect replies as a real memcached does.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| memwire_fuzz::differential(data));
