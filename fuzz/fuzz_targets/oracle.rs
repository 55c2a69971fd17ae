//! Law *Oracle*: the machine's events equal the oracle's, on any bytes.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| memwire_fuzz::oracle(data));
