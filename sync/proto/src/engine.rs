//! The sync engine, without IO: what to send when, and what to make of what arrives.

pub mod audit;
pub mod receiver;
pub mod sender;

pub use receiver::{Verdict, chain_batch, judge_batch};
pub use sender::{Agreement, Command, Greeted, Input, Jitter, Sender, SenderConfig};
