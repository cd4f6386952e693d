//! Feeds, pulled in chunks (R23).

use super::reader::{Reader, Writer};
use super::{MESSAGE_LEN_MAX, WireError};
use crate::fact::FeedScope;
use crate::ids::{FeedVersion, Incarnation};

/// Longest key of a feed item.
pub const FEED_KEY_LEN_MAX: usize = 200;

/// Body bytes of one answer; keeps the message below [`MESSAGE_LEN_MAX`].
pub const PULL_LEN_MAX: usize = 128 * 1024;

/// What is new in `scope` after `after`, as `writer` numbered it?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// Which feed.
    pub scope: FeedScope,
    /// The feed writer's incarnation that `after` is of; all zero before the first answer.
    pub writer: Incarnation,
    /// Applied up to here.
    pub after: FeedVersion,
}

impl Pull {
    pub(super) fn write(&self, w: &mut Writer) {
        w.bytes(self.scope.to_text().as_bytes()).raw(&self.writer.0).u64(self.after.0);
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { scope: scope(r)?, writer: r.incarnation("writer")?, after: FeedVersion(r.u64("after")?) })
    }
}

/// The live state of one key. Empty bytes are a tombstone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedItem {
    /// Key; a later item of the same key replaces it.
    pub key: String,
    /// Place in the feed.
    pub version: FeedVersion,
    /// The envelope's bytes, as its writer wrote them.
    pub bytes: Vec<u8>,
}

impl FeedItem {
    /// Bytes that it takes in an answer.
    pub const fn wire_len(&self) -> usize {
        16 + self.key.len() + self.bytes.len()
    }
}

/// Items in order of version. Apply all of it, cursor included, or nothing (R21).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullAnswer {
    /// Which feed.
    pub scope: FeedScope,
    /// Life of the feed's writer. If it is not the one asked with, the items start from the beginning.
    pub writer: Incarnation,
    /// The cursor that the items continue; an answer that continues another one is late, and is left alone.
    pub after: FeedVersion,
    /// The cursor after applying. Below `after`: the writer is behind what it once told.
    pub through: FeedVersion,
    /// More is waiting behind `through`.
    pub more: bool,
    /// Wall clock of the answerer, for the offset (R19, R35).
    pub now_ms: i64,
    /// The items.
    pub items: Vec<FeedItem>,
}

impl PullAnswer {
    pub(super) fn write(&self, w: &mut Writer) {
        w.bytes(self.scope.to_text().as_bytes())
            .raw(&self.writer.0)
            .u64(self.after.0)
            .u64(self.through.0)
            .u8(u8::from(self.more))
            .i64(self.now_ms);
        for item in &self.items {
            w.bytes(item.key.as_bytes()).u64(item.version.0).bytes(&item.bytes);
        }
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let mut answer = Self {
            scope: scope(r)?,
            writer: r.incarnation("writer")?,
            after: FeedVersion(r.u64("after")?),
            through: FeedVersion(r.u64("through")?),
            more: match r.u8("more")? {
                0 => false,
                1 => true,
                _ => return Err(WireError::Value("more")),
            },
            now_ms: r.i64("now")?,
            items: Vec::new(),
        };
        while !r.is_empty() {
            let key = r.text("key")?;
            if key.is_empty() || key.len() > FEED_KEY_LEN_MAX {
                return Err(WireError::Value("key"));
            }
            let version = FeedVersion(r.u64("version")?);
            answer.items.push(FeedItem { key: key.to_owned(), version, bytes: r.bytes("item")?.to_vec() });
        }
        Ok(answer)
    }
}

fn scope(r: &mut Reader<'_>) -> Result<FeedScope, WireError> {
    FeedScope::parse(r.text("scope")?).map_err(|_| WireError::Value("scope"))
}

const _: () = assert!(PULL_LEN_MAX + crate::entry::ENTRY_LEN_MAX < MESSAGE_LEN_MAX);
