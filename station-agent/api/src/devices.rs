//! Setting up a station, and the devices that belong to it.

use serde::{Deserialize, Serialize};

/// Whether the agent belongs to a chain yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetupState {
    /// It has a certificate.
    pub enrolled: bool,
    /// The station, as configured.
    pub station_code: String,
    /// Its name, as configured.
    pub station_name: String,
    /// Where it asks head office: `host:port`.
    pub hq_link: String,
}

/// Enrols the agent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetUp {
    /// The code that head office made.
    pub code: String,
}

impl std::fmt::Debug for SetUp {
    /// Leaves the code out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SetUp(…)")
    }
}

/// What a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceKind {
    /// The station's agent.
    Agent,
    /// A till.
    Till,
    /// A back office.
    Office,
}

/// Who a code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenCode {
    /// `till` or `office`.
    pub kind: DeviceKind,
    /// 1 to 99, for a till.
    #[serde(default)]
    pub terminal: Option<u16>,
}

/// A one-time code; this is its only copy.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnrolmentCode {
    /// Eight groups of four.
    pub code: String,
    /// Who it is for.
    pub kind: DeviceKind,
    /// The till's number.
    pub terminal: Option<u16>,
    /// When it ends, RFC 3339 in UTC.
    pub expires_at: String,
}

impl std::fmt::Debug for EnrolmentCode {
    /// Leaves the code out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EnrolmentCode").field("kind", &self.kind).field("terminal", &self.terminal).finish()
    }
}

/// A device of the station. Times are RFC 3339 in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// 32 hexadecimal digits.
    pub device_id: String,
    /// What it is.
    pub kind: DeviceKind,
    /// Its number, if it is a till.
    pub terminal: Option<u16>,
    /// When it was enrolled last.
    pub enrolled_at: String,
    /// When its certificate ends.
    pub certificate_ends_at: Option<String>,
    /// When it was revoked.
    pub revoked_at: Option<String>,
    /// Why.
    pub revoked_why: Option<String>,
    /// When it last called; since the agent's start.
    pub last_seen_at: Option<String>,
    /// Its entries that have not reached head office, as far as is known here.
    #[serde(default)]
    pub pending: u64,
    /// When the oldest of those that are here was written.
    #[serde(default)]
    pub pending_oldest_at: Option<String>,
    /// Since when nothing is known of it: it may hold entries that nobody counts.
    #[serde(default)]
    pub silent_since: Option<String>,
    /// Where its entries were exported to; only in the answer of revoking it all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exported_to: Option<String>,
}

/// What importing a journal's file did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportedJournal {
    /// Entries that are new here.
    pub stored: u64,
    /// Entries that were here already.
    pub known: u64,
    /// Batches that contradict what is here; both are kept.
    pub forked: u64,
    /// Batches that do not go on where their journal ends here.
    pub refused: u64,
}

/// Ends what a device may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeDevice {
    /// For the record: 1 to 200 printable characters.
    pub reason: String,
    /// Go on although entries of the device have not reached head office: that is noted, and what is here of them is
    /// exported to a file first.
    #[serde(default)]
    pub override_pending: bool,
}
