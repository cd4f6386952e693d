//! Feeds: what is new, snapshots in parts, and digests (R20-R23).

use sha2::{Digest as _, Sha256};

use super::reader::{Reader, Writer};
use super::{MESSAGE_LEN_MAX, WireError};
use crate::fact::FeedScope;
use crate::ids::{FeedVersion, Incarnation, hex};

/// Longest key of a feed item.
pub const FEED_KEY_LEN_MAX: usize = 200;

/// Bytes of the items, or of the part, in one answer; keeps the message below [`MESSAGE_LEN_MAX`].
pub const PULL_LEN_MAX: usize = 128 * 1024;

/// Framed items of one part before compression: JSON shrinks to a tenth, so a part stays far below
/// [`PULL_LEN_MAX`] and a catalogue of 20,000 products takes some fifteen round trips.
pub const PART_RAW_LEN: usize = 512 * 1024;

/// What an answerer says who does not know the time for certain: a till that took its 1970 for the time would have no price
/// for anything.
pub const TIME_UNKNOWN_MS: i64 = 0;

/// A part never decompresses to more than this: [`PART_RAW_LEN`] and one item above it.
pub const PART_RAW_LEN_MAX: usize = PART_RAW_LEN + 2 * crate::entry::ENTRY_LEN_MAX;

/// Parts of one snapshot at most: half a gigabyte of items, a hundred times the largest catalogue expected.
pub const PARTS_MAX: u32 = 1_024;

/// How far a feed was applied: a version means nothing without the life of the writer that counted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FeedCursor {
    /// Life of the feed's writer; all zero before the first answer.
    pub writer: Incarnation,
    /// Applied up to here.
    pub version: FeedVersion,
}

impl FeedCursor {
    /// Nothing was applied yet.
    pub const START: Self = Self { writer: Incarnation([0; 16]), version: FeedVersion(0) };

    pub(super) fn write(self, w: &mut Writer) {
        w.raw(&self.writer.0).u64(self.version.0);
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { writer: r.incarnation("writer")?, version: FeedVersion(r.u64("version")?) })
    }
}

/// What is new in `scope` after `cursor`?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// Which feed.
    pub scope: FeedScope,
    /// Applied up to here.
    pub cursor: FeedCursor,
    /// Send everything that is live, whatever the cursor says: a digest did not agree (R20).
    pub whole: bool,
}

impl Pull {
    pub(super) fn write(&self, w: &mut Writer) {
        write_scope(w, &self.scope);
        self.cursor.write(w);
        w.u8(u8::from(self.whole));
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { scope: scope(r)?, cursor: FeedCursor::read(r)?, whole: flag(r, "whole")? })
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

    /// Whether it says that its key is gone.
    pub const fn is_tombstone(&self) -> bool {
        self.bytes.is_empty()
    }

    fn write(&self, w: &mut Writer) {
        w.bytes(self.key.as_bytes()).u64(self.version.0).bytes(&self.bytes);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let key = r.text("key")?;
        if key.is_empty() || key.len() > FEED_KEY_LEN_MAX {
            return Err(WireError::Value("key"));
        }
        let version = FeedVersion(r.u64("version")?);
        let bytes = r.bytes("item")?;
        if bytes.len() > crate::entry::ENTRY_LEN_MAX {
            return Err(WireError::Value("item"));
        }
        Ok(Self { key: key.to_owned(), version, bytes: bytes.to_vec() })
    }
}

/// Which snapshot: a hash over its items as they are framed in parts, so that a part is the same whoever sends it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SnapshotId(pub [u8; 32]);

impl std::fmt::Debug for SnapshotId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SnapshotId({})", hex(self.0.get(..6).unwrap_or_default()))
    }
}

/// Makes a [`SnapshotId`], part by part.
#[derive(Debug, Clone)]
pub struct SnapshotHasher(Sha256);

impl SnapshotHasher {
    /// Of the items of `scope` after `base` up to `reached`.
    pub fn new(scope: &FeedScope, base: Option<FeedVersion>, reached: FeedCursor) -> Self {
        let mut w = Writer::default();
        write_scope(&mut w, scope);
        write_base(&mut w, base);
        reached.write(&mut w);
        let mut hasher = Sha256::new();
        hasher.update(b"juyu snapshot 1\n");
        hasher.update(w.into_bytes());
        Self(hasher)
    }

    /// The next part, before compression.
    pub fn part(&mut self, framed: &[u8]) {
        self.0.update(u64::try_from(framed.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.0.update(framed);
    }

    /// The id of all parts.
    pub fn finish(self) -> SnapshotId {
        SnapshotId(self.0.finalize().into())
    }
}

/// What there is to apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// All of it, in order of version.
    Items(Vec<FeedItem>),
    /// More than fits one answer: fetch it part by part with [`PartAsk`], then apply it at once.
    Offer {
        /// Which snapshot.
        id: SnapshotId,
        /// How many parts.
        parts: u32,
    },
}

/// The way from a puller's cursor to where the answerer stands. Apply all of it, cursor included, or nothing (R21).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullAnswer {
    /// Which feed.
    pub scope: FeedScope,
    /// The cursor asked with. An answer to another one than the puller's present one is late, and is left alone.
    pub asked: FeedCursor,
    /// The cursor after applying.
    pub reached: FeedCursor,
    /// The items are everything that is live; otherwise what changed after `asked`.
    pub whole: bool,
    /// The answerer writes the feed itself. One who passes it on may be behind the puller, who then waits; the
    /// writer is behind what it once told only when it was put back to an older copy of itself.
    pub from_writer: bool,
    /// Clock of the answerer, for the offset (R19, R35); [`TIME_UNKNOWN_MS`] from one whose own may be wrong.
    pub now_ms: i64,
    /// What to apply.
    pub news: News,
}

impl PullAnswer {
    /// Whether it leads on. An answerer who is behind has nothing to say.
    pub fn has_news(&self) -> bool {
        self.whole || (self.reached.writer == self.asked.writer && self.reached.version > self.asked.version)
    }
}

const NEWS_ITEMS: u8 = 0;
const NEWS_OFFER: u8 = 1;

impl PullAnswer {
    pub(super) fn write(&self, w: &mut Writer) {
        write_scope(w, &self.scope);
        self.asked.write(w);
        self.reached.write(w);
        w.u8(u8::from(self.whole)).u8(u8::from(self.from_writer)).i64(self.now_ms);
        match &self.news {
            News::Items(items) => {
                w.u8(NEWS_ITEMS);
                items.iter().for_each(|item| item.write(w));
            }
            News::Offer { id, parts } => {
                w.u8(NEWS_OFFER).raw(&id.0).u32(*parts);
            }
        }
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            scope: scope(r)?,
            asked: FeedCursor::read(r)?,
            reached: FeedCursor::read(r)?,
            whole: flag(r, "whole")?,
            from_writer: flag(r, "from writer")?,
            now_ms: r.i64("now")?,
            news: match r.u8("news")? {
                NEWS_ITEMS => News::Items(items(r)?),
                NEWS_OFFER => {
                    let (id, parts) = (SnapshotId(r.hash("snapshot")?.0), r.u32("parts")?);
                    if parts == 0 || parts > PARTS_MAX {
                        return Err(WireError::Value("parts"));
                    }
                    News::Offer { id, parts }
                }
                _ => return Err(WireError::Value("news")),
            },
        })
    }
}

/// Give me part `part` of a snapshot. Names all that the answerer needs to build it again after a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartAsk {
    /// Which feed.
    pub scope: FeedScope,
    /// The items after this version; everything that is live if absent.
    pub base: Option<FeedVersion>,
    /// Up to here.
    pub reached: FeedCursor,
    /// Which snapshot.
    pub id: SnapshotId,
    /// Which part, from 0.
    pub part: u32,
}

impl PartAsk {
    pub(super) fn write(&self, w: &mut Writer) {
        write_scope(w, &self.scope);
        write_base(w, self.base);
        self.reached.write(w);
        w.raw(&self.id.0).u32(self.part);
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let ask = Self {
            scope: scope(r)?,
            base: match r.u8("base")? {
                0 => None,
                1 => Some(FeedVersion(r.u64("base")?)),
                _ => return Err(WireError::Value("base")),
            },
            reached: FeedCursor::read(r)?,
            id: SnapshotId(r.hash("snapshot")?.0),
            part: r.u32("part")?,
        };
        if ask.part >= PARTS_MAX {
            return Err(WireError::Value("part"));
        }
        Ok(ask)
    }
}

/// A part of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartAnswer {
    /// Which feed.
    pub scope: FeedScope,
    /// Which snapshot.
    pub id: SnapshotId,
    /// Which part.
    pub part: u32,
    /// The framed items, packed as a batch's body is: codec and bytes. Absent when the answerer does not have that
    /// snapshot any more: the puller pulls again.
    pub body: Option<(u8, Vec<u8>)>,
}

impl PartAnswer {
    pub(super) fn write(&self, w: &mut Writer) {
        write_scope(w, &self.scope);
        w.raw(&self.id.0).u32(self.part);
        match &self.body {
            None => w.u8(0),
            Some((codec, bytes)) => w.u8(1).u8(*codec).bytes(bytes),
        };
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            scope: scope(r)?,
            id: SnapshotId(r.hash("snapshot")?.0),
            part: r.u32("part")?,
            body: match r.u8("body")? {
                0 => None,
                1 => Some((r.u8("codec")?, r.bytes("body")?.to_vec())),
                _ => return Err(WireError::Value("body")),
            },
        })
    }
}

/// Items of a part, before compression.
pub fn frame_items(items: &[FeedItem]) -> Vec<u8> {
    let mut w = Writer::default();
    items.iter().for_each(|item| item.write(&mut w));
    w.into_bytes()
}

/// The items of a part after decompression.
pub fn unframe_items(framed: &[u8]) -> Result<Vec<FeedItem>, WireError> {
    if framed.len() > PART_RAW_LEN_MAX {
        return Err(WireError::TooLong(framed.len()));
    }
    items(&mut Reader::of_body(framed))
}

fn items(r: &mut Reader<'_>) -> Result<Vec<FeedItem>, WireError> {
    let mut items = Vec::new();
    while !r.is_empty() {
        items.push(FeedItem::read(r)?);
    }
    Ok(items)
}

pub(super) fn write_scope(w: &mut Writer, scope: &FeedScope) {
    w.bytes(scope.to_text().as_bytes());
}

pub(super) fn scope(r: &mut Reader<'_>) -> Result<FeedScope, WireError> {
    FeedScope::parse(r.text("scope")?).map_err(|_| WireError::Value("scope"))
}

fn write_base(w: &mut Writer, base: Option<FeedVersion>) {
    w.u8(u8::from(base.is_some()));
    if let Some(base) = base {
        w.u64(base.0);
    }
}

pub(super) fn flag(r: &mut Reader<'_>, field: &'static str) -> Result<bool, WireError> {
    match r.u8(field)? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(WireError::Value(field)),
    }
}

const _: () = assert!(PULL_LEN_MAX + crate::entry::ENTRY_LEN_MAX < MESSAGE_LEN_MAX);
