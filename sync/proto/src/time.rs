//! Time as data. Only drivers and `main` read a clock; here it arrives as an argument.

use serde::{Deserialize, Serialize};

/// What a device knew about time when it wrote an entry (R35). A wrong clock raises a flag, never blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Wall clock, milliseconds since 1970 in UTC, as the device believed it.
    #[serde(rename = "w")]
    pub wall_ms: i64,
    /// Monotonic clock since boot, milliseconds.
    #[serde(rename = "m")]
    pub mono_ms: u64,
    /// Which boot the monotonic clock counts from.
    #[serde(rename = "b")]
    pub boot: u32,
    /// Last agreed offset to upstream's clock (upstream - local), milliseconds; absent before the first agreement.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub offset_ms: Option<i64>,
}

impl Stamp {
    /// A stamp with only a wall clock, for tools and tests.
    pub const fn at_wall_ms(wall_ms: i64) -> Self {
        Self { wall_ms, mono_ms: 0, boot: 0, offset_ms: None }
    }

    /// Best estimate of true time: local clock corrected by the last agreed offset (R19).
    pub const fn corrected_ms(&self) -> i64 {
        match self.offset_ms {
            Some(offset_ms) => self.wall_ms.saturating_add(offset_ms),
            None => self.wall_ms,
        }
    }
}

/// A date of trade in the station's zone, `2026-11-23`; opened and closed by the manager, not by midnight.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BusinessDay(String);

/// Not a date of the form `YYYY-MM-DD`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a business day is written YYYY-MM-DD")]
pub struct NotADay;

impl BusinessDay {
    /// Checks the form `YYYY-MM-DD`.
    pub fn new(text: impl Into<String>) -> Result<Self, NotADay> {
        let text = text.into();
        let fits = text.len() == 10
            && text
                .bytes()
                .enumerate()
                .all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
        if fits { Ok(Self(text)) } else { Err(NotADay) }
    }

    /// The date as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for BusinessDay {
    type Error = NotADay;
    fn try_from(text: String) -> Result<Self, NotADay> {
        Self::new(text)
    }
}

impl From<BusinessDay> for String {
    fn from(day: BusinessDay) -> Self {
        day.0
    }
}

impl std::fmt::Display for BusinessDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
