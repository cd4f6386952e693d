//! The daemon in this process on port 0, with real tills over TLS. No HQ answers: the station works alone.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod accounts;
mod bad_input;
mod clock;
mod head_office;
mod hq;
mod matrix;
mod ordering;
mod pending;
mod program;
mod quarantine;
mod receiving;
mod renewing;
mod revoking;
mod selling;
mod setup;
mod station;
mod terminals;
mod till;
mod year;
