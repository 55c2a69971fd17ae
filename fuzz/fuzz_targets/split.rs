//! Law *Split*: split and unsplit streams give the same events.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| memwire_fuzz::split(data));
