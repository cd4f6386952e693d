//! What a station says of itself on its `state` topic: counts only, so that a fresh view never waits behind an old
//! backlog (R15).

use serde::{Deserialize, Serialize};
use sync_proto::DeviceId;

/// Tills told of at most: a station has a number for each up to 99.
const TILLS_MAX: usize = 99;

/// Alarms told of at most; there is one of a kind.
const ALARMS_MAX: usize = 8;

/// Longest detail of an alarm, in characters.
const DETAIL_CHARS_MAX: usize = 160;

/// Birth, heartbeat and will.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateReport {
    /// `online`, or `offline` as its will.
    pub state: String,
    /// The agent's version.
    pub version: String,
    /// What it knows.
    #[serde(flatten)]
    pub report: Report,
}

/// What a station's agent knows of itself and its tills. Times are milliseconds since 1970 UTC.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Entries not yet acknowledged by HQ.
    pub pending: u64,
    /// When the oldest of them was written.
    pub oldest_at_ms: Option<i64>,
    /// When HQ last acknowledged something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_ack_at_ms: Option<i64>,
    /// What was sold there on its newest business day, by its own books: known here at once, though the sales
    /// themselves may be behind days of others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<DaySold>,
    /// Its tills.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tills: Vec<TillReport>,
    /// What happened to the agent's database and feeds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alarms: Vec<AlarmReport>,
}

/// What a station sold on a business day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaySold {
    /// `YYYY-MM-DD`.
    pub business_day: String,
    /// Sales, cancelled ones too.
    pub sales: i64,
    /// Won, cancellations taken out.
    pub amount: i64,
}

/// One till as its agent sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TillReport {
    /// Which device.
    pub device: DeviceId,
    /// Its entries that HQ has not acknowledged, on the till and at the agent.
    pub pending: u64,
    /// Since when it is silent; none while it calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale_since_ms: Option<i64>,
}

/// Something that somebody should see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmReport {
    /// `new_life`, `salvaged`, `check_failed` or `feed_differed`.
    pub kind: String,
    /// When.
    pub at_ms: i64,
    /// In words of the program.
    #[serde(default)]
    pub detail: String,
}

impl Report {
    /// The same within the limits of what is sent.
    #[must_use]
    pub fn within_limits(mut self) -> Self {
        self.tills.truncate(TILLS_MAX);
        self.alarms.truncate(ALARMS_MAX);
        for alarm in &mut self.alarms {
            alarm.detail = alarm.detail.chars().take(DETAIL_CHARS_MAX).collect();
        }
        self
    }
}
