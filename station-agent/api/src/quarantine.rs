//! Entries set aside 격리: stored like all others, not in the books, with their money in the totals.

use serde::{Deserialize, Serialize};

/// Why an entry stepped aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AsideCause {
    /// A type or version of a newer program.
    Unknown,
    /// It does not read as the fact that it says it is.
    Unreadable,
    /// It contradicts itself or what is known.
    Rejected,
    /// The device that wrote it may not say this.
    Forbidden,
    /// The program failed on it.
    Failed,
    /// Another entry came first under its number.
    Fork,
    /// A cause of a newer daemon; never sent. Go by the reason.
    #[serde(other)]
    Unrecognised,
}

/// What became of an entry that had stepped aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AsideState {
    /// It waits for an update or for somebody.
    Open,
    /// It is in the books after all.
    Replayed,
    /// It stays aside, and what becomes of its money was decided.
    Settled,
}

/// One entry of `GET /api/v1/quarantine`: those that wait first, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineRow {
    /// Its name: `DEVICE.INCARNATION.SEQ`, and the hash of a fork.
    pub key: String,
    /// Number of the till when a till wrote it.
    pub terminal: Option<u16>,
    /// The device that wrote it, 32 hex digits.
    pub device: String,
    /// Place in that device's journal, from 1.
    pub seq: i64,
    /// Why it stepped aside.
    pub cause: AsideCause,
    /// The same as the program gave it, in English.
    pub reason: String,
    /// Name of the fact as far as it reads, e.g. `Sold`.
    pub kind: String,
    /// Receipt number.
    pub receipt: Option<String>,
    /// `YYYY-MM-DD`; empty when it does not read.
    pub business_day: String,
    /// Money in it, won; negative when it was given back.
    pub amount: Option<i64>,
    /// Whether the totals count it now.
    pub counted: bool,
    /// When it was written, by the device's clock.
    pub written_at: Option<String>,
    /// When it arrived at the agent.
    pub arrived_at: String,
    /// When it was tried last.
    pub tried_at: String,
    /// What became of it.
    pub state: AsideState,
    /// When it was replayed or settled.
    pub closed_at: Option<String>,
    /// Why it was settled so.
    pub settled_why: Option<String>,
}

/// An entry with its bytes as text; of a fork first the entry that came first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineEntry {
    /// What the list says of it.
    pub row: QuarantineRow,
    /// As they came.
    pub payloads: Vec<String>,
}

/// What trying again did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replayed {
    /// Entries that are in the books now.
    pub replayed: u64,
    /// Entries that stay aside, each with the reason of this try.
    pub still_aside: u64,
}
