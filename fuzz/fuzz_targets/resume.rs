//! Law *Resume*: a restored machine continues unchanged.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| memwire_fuzz::resume(data));
