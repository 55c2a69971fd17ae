//! Forged snapshots are rejected, or the laws hold for the restored session.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| memwire_fuzz::snapshots(data));
