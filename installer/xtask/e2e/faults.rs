//! Faults on real processes. A test here is a case of `cargo xtask faults`: it breaks something many times, checks after each that
//! what was shown as done is there once and nothing is half, and leaves a row for the table.

mod audited;
mod broker;
pub mod case;
mod damage;
mod drill;
mod inside;
mod io;
mod kills;
mod liar;
mod network;
mod power;
mod recording;
mod restored;
mod schema;
mod shop;
mod shopfront;
mod strace;
mod whole;
mod whole_disks;
