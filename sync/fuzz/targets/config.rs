//! See [`sync_fuzz::config`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sync_fuzz::config(data));
