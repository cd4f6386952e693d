//! Facts about a device's own journal and feeds.

use serde::{Deserialize, Serialize};

use crate::hash::ChainHash;
use crate::ids::{FeedVersion, Incarnation, Seq, StationCode, TerminalNo};
use crate::origin::Role;

/// First entry of a stream (R28): it says who writes and cites what it knows of the life before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamOpened {
    /// Where the device stands; the receiver checks it against the link's peer.
    pub station: StationCode,
    /// What the device is.
    pub role: Role,
    /// Its number, if it is a till.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminal: Option<TerminalNo>,
    /// The life before this one, if the device knows of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Incarnation>,
    /// Last place of that life.
    #[serde(default)]
    pub previous_seq: Seq,
    /// Hash at that place, 64 hexadecimal digits; empty when there was none.
    #[serde(default)]
    pub previous_hash: String,
    /// Why there is a new life: `new`, `restored`, `cloned`, `moved`, `marker_lost`,
    /// `database_lost`, `damaged`, `upstream_ahead`.
    pub why: String,
}

impl StreamOpened {
    /// For a database that never was before.
    pub fn new_device(station: StationCode, role: Role, terminal: Option<TerminalNo>) -> Self {
        Self {
            station,
            role,
            terminal,
            previous: None,
            previous_seq: Seq::NONE,
            previous_hash: String::new(),
            why: "new".to_owned(),
        }
    }

    /// Cites the end of the life before.
    pub fn citing(mut self, previous: Incarnation, seq: Seq, hash: ChainHash, why: &str) -> Self {
        self.previous = Some(previous);
        self.previous_seq = seq;
        self.previous_hash = crate::ids::hex(&hash.0);
        why.clone_into(&mut self.why);
        self
    }
}

/// Which feed: chain-wide, or one station's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum FeedScope {
    /// Written by HQ for every station.
    Chain,
    /// Written by HQ for one station.
    Station(StationCode),
    /// Written by a station's agent for its own tills.
    Local(StationCode),
}

/// Not the name of a feed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a feed is `chain`, `station:CODE` or `local:CODE`")]
pub struct NotAScope;

impl FeedScope {
    /// The scope's name in rows and on the wire.
    pub fn to_text(&self) -> String {
        match self {
            Self::Chain => "chain".to_owned(),
            Self::Station(code) => format!("station:{code}"),
            Self::Local(code) => format!("local:{code}"),
        }
    }

    /// Reads the name back.
    pub fn parse(text: &str) -> Result<Self, NotAScope> {
        let code = |code: &str| StationCode::new(code).map_err(|_| NotAScope);
        match text.split_once(':') {
            None if text == "chain" => Ok(Self::Chain),
            Some(("station", rest)) => Ok(Self::Station(code(rest)?)),
            Some(("local", rest)) => Ok(Self::Local(code(rest)?)),
            _ => Err(NotAScope),
        }
    }
}

impl TryFrom<String> for FeedScope {
    type Error = NotAScope;
    fn try_from(text: String) -> Result<Self, NotAScope> {
        Self::parse(&text)
    }
}

impl From<FeedScope> for String {
    fn from(scope: FeedScope) -> Self {
        scope.to_text()
    }
}

/// What a device really applied, in its own database (R24); HQ lists who is behind from these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedApplied {
    /// Which feed.
    pub scope: FeedScope,
    /// Which life of the feed's writer.
    pub writer: Incarnation,
    /// Applied up to here.
    pub version: FeedVersion,
}
