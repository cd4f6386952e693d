//! See [`sync_fuzz::envelope`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sync_fuzz::envelope(data));
