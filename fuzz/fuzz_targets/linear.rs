//! Laws *Linear* and *Bounded*: work and memory are within their bounds.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| memwire_fuzz::linear(data));
