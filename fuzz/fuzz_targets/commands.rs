//! Law *Oracle*, on valid and damaged commands and replies.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| memwire_fuzz::commands(data));
