//! See [`sync_fuzz::card`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sync_fuzz::card(data));
