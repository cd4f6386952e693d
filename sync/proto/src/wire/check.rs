//! Checkpoints of feeds (R20).

use super::WireError;
use super::feed::{FeedCursor, flag, scope, write_scope};
use super::reader::{Reader, Writer};
use crate::digest::RowsDigest;
use crate::fact::FeedScope;

/// What do the live rows of a feed add up to at `cursor`? The asker says what it has, so that both see a mismatch;
/// neither ever takes the other's digest for its own (R20).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Which feed.
    pub scope: FeedScope,
    /// Where the asker stands.
    pub cursor: FeedCursor,
    /// What it counted.
    pub digest: RowsDigest,
}

impl Check {
    pub(super) fn write(&self, w: &mut Writer) {
        write_scope(w, &self.scope);
        self.cursor.write(w);
        write_digest(w, &self.digest);
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { scope: scope(r)?, cursor: FeedCursor::read(r)?, digest: digest(r)? })
    }
}

/// What the answerer counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckAnswer {
    /// Which feed.
    pub scope: FeedScope,
    /// Where the asker stood.
    pub cursor: FeedCursor,
    /// Absent when the answerer is not there, before or after it: nothing can be compared.
    pub digest: Option<RowsDigest>,
}

impl CheckAnswer {
    pub(super) fn write(&self, w: &mut Writer) {
        write_scope(w, &self.scope);
        self.cursor.write(w);
        w.u8(u8::from(self.digest.is_some()));
        if let Some(digest) = &self.digest {
            write_digest(w, digest);
        }
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let (scope, cursor) = (scope(r)?, FeedCursor::read(r)?);
        let digest = if flag(r, "digest")? { Some(digest(r)?) } else { None };
        Ok(Self { scope, cursor, digest })
    }
}

fn write_digest(w: &mut Writer, digest: &RowsDigest) {
    w.u16(digest.set).u64(digest.rows).raw(&digest.sum);
}

fn digest(r: &mut Reader<'_>) -> Result<RowsDigest, WireError> {
    Ok(RowsDigest { set: r.u16("set")?, rows: r.u64("rows")?, sum: r.hash("sum")?.0 })
}
