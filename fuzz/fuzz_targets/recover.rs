//! Law *Recover*: after an error the machine is in its initial state.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| memwire_fuzz::recover(data));
