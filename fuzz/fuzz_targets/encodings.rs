//! An encoded message is parsed as the same message.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| memwire_fuzz::encodings(data));
