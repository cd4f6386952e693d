//! Every decoder of what comes from outside, fed with anything, and what must hold all the same.
//!
//! Each function takes bytes, panics when a promise is broken, and is run in two ways: by `cargo fuzz` (see
//! `README.md`), and by `tests/replay.rs` on the corpus that those runs left behind.

mod link;
mod paper;
mod stateful;
mod web;

pub use link::{batch, envelope, message, names, reply};
pub use paper::{card, certificate, config, identity};
pub use stateful::receive;
pub use web::request;

/// A decoder under test.
pub type Target = fn(&[u8]);

/// All of them by name: the name of the target and of its folder in `corpus`.
pub const TARGETS: [(&str, Target); 11] = [
    ("batch", batch),
    ("card", card),
    ("certificate", certificate),
    ("config", config),
    ("envelope", envelope),
    ("identity", identity),
    ("message", message),
    ("names", names),
    ("receive", receive),
    ("reply", reply),
    ("request", request),
];
