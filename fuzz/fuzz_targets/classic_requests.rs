//! All laws of the machine, for requests of the classic dialect, on any bytes.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| memwire_fuzz::classic_requests(data));
