//! What happened at the station, fact by fact.

use serde::{Deserialize, Serialize};

/// One entry of a journal stored at the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalRow {
    /// The device that wrote it, 32 hex digits.
    pub device: String,
    /// Number of the till when a till wrote it.
    pub terminal: Option<u32>,
    /// Place in that device's journal, from 1.
    pub seq: u64,
    /// Name of the fact, e.g. `Sold`.
    #[serde(rename = "type")]
    pub fact_type: String,
    /// When it was written, by the device's clock.
    pub at: String,
    /// One line for people, without personal data.
    pub summary: String,
}
