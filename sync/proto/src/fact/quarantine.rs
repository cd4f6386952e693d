//! Facts about entries that stepped aside 격리: what was done about them, by whom and why (R14).

use serde::{Deserialize, Serialize};

use crate::entry::{EntryKey, StreamId};
use crate::ids::{DeviceId, Incarnation, Seq, StationCode};

/// Names an entry that stepped aside: its key, and the hash too where two entries have one key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AsideKey {
    /// The device that wrote it.
    pub device: DeviceId,
    /// Which life of the device's database.
    pub incarnation: Incarnation,
    /// The place in that life's journal.
    pub seq: Seq,
    /// Of a fork (R5): the chain after the entry that came second, 64 hexadecimal digits. Else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fork: String,
}

impl AsideKey {
    /// Names a stored entry.
    pub const fn of(key: EntryKey) -> Self {
        Self {
            device: key.stream.device,
            incarnation: key.stream.incarnation,
            seq: key.seq,
            fork: String::new(),
        }
    }

    /// The stored entry of that key.
    pub const fn entry(&self) -> EntryKey {
        EntryKey { stream: StreamId { device: self.device, incarnation: self.incarnation }, seq: self.seq }
    }

    /// `DEVICE.INCARNATION.SEQ`, and `.HASH` of a fork: fits a path segment and a feed's key.
    pub fn to_text(&self) -> String {
        let base = format!("{}.{}.{}", self.device, self.incarnation, self.seq);
        if self.fork.is_empty() { base } else { format!("{base}.{}", self.fork) }
    }

    /// Reads the text back.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let key = Self {
            device: DeviceId::from_hex(parts.next()?).ok()?,
            incarnation: Incarnation::from_hex(parts.next()?).ok()?,
            seq: Seq(parts.next()?.parse().ok()?),
            fork: parts.next().unwrap_or_default().to_owned(),
        };
        let whole = key.fork.is_empty()
            || (key.fork.len() == 64 && key.fork.bytes().all(|byte| byte.is_ascii_hexdigit()));
        (whole && parts.next().is_none() && key.to_text() == text).then_some(key)
    }
}

/// An entry that had stepped aside was projected at last, in the writer's own books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineReplayed {
    /// Whose entry.
    pub station: StationCode,
    /// Which.
    pub entry: AsideKey,
    /// What asked for it: `console`, `back office`, `command`, or `upgrade` of the program. Never a person's name (R39).
    pub by: String,
}

/// What becomes of the money of an entry that stays aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AsideMoney {
    /// It was taken: the totals go on counting it.
    Counted,
    /// It was not taken, or is counted under another entry: the totals leave it out.
    LeftOut,
}

impl AsideMoney {
    /// The name used in rows and over HTTP.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::LeftOut => "leftout",
        }
    }

    /// Reads the name back.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "counted" => Some(Self::Counted),
            "leftout" => Some(Self::LeftOut),
            _ => None,
        }
    }
}

/// Somebody looked at an entry that cannot be projected, and decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineSettled {
    /// Whose entry.
    pub station: StationCode,
    /// Which.
    pub entry: AsideKey,
    /// What becomes of its money.
    pub money: AsideMoney,
    /// What asked for it: `console`, `back office` or `command`. Never a person's name (R39).
    pub by: String,
    /// The reason as people gave it.
    pub why: String,
}
