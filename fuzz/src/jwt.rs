//! Tokens and public keys.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| comporta_oracles::jwt(data));
