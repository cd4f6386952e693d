//! See [`sync_fuzz::message`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sync_fuzz::message(data));
