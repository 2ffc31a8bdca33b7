//! Settings files and environments.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| comporta_oracles::settings(data));
