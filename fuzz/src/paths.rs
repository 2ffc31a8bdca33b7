//! Paths and routes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| comporta_oracles::paths(data));
