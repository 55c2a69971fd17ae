#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| memwire_fuzz::differential(data));
