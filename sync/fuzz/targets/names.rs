//! See [`sync_fuzz::names`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sync_fuzz::names(data));
