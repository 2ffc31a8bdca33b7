//! API keys, ids and scopes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| comporta_oracles::api_key(data));
