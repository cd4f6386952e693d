//! A role's task: reads the journal beside the writer, and goes to the writer only with what it answers.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Row};
use serde::Deserialize;
use sync::node::Beside;
use sync::{Clock, NodeError, Reader, Store as _, StoreError};
use sync_proto::{Decoded, Envelope, Fact, Role as DeviceRole, Stamp, StationCode};
use tokio::sync::Notify;

use super::{Role, is_running};
use crate::store::{Hq, HqWriter};

/// Entries read at once.
const ENTRIES_MAX: u32 = 256;

/// The fact that an entry which had stepped aside is in the books.
const REPLAYED: &str = "QuarantineReplayed";

/// Answers given before the journal's writer serves others: each is a commit of about a millisecond.
const ANSWERS_MAX: u32 = 16;

/// A cursor that moved over entries of no interest is stored once it is this far on; reading them again
/// after a restart is harmless, and a write per batch of sales is not.
const CURSOR_LAG_MAX: i64 = 2_000;

/// Looks without being woken this often: a lost wake-up only delays (R13).
const POLL: Duration = Duration::from_secs(2);

/// Before the next attempt after an error.
const RETRY: Duration = Duration::from_millis(500);

/// One entry for a role's policy to answer.
#[derive(Debug)]
pub struct Followed {
    /// Station of the device that wrote it.
    pub station: StationCode,
    /// What that device is.
    pub writer: DeviceRole,
    /// What it says.
    pub envelope: Envelope,
    /// Cursor to commit together with the answer.
    pub cursor: (String, i64),
}

/// A role's policy: answers an entry with facts, in one commit with the cursor, or says that there was
/// nothing to answer.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// Types of the facts that it may answer.
    pub types: &'static [&'static str],
    /// The answer.
    pub answer: fn(&mut Hq, &Followed, Stamp) -> Result<bool, NodeError>,
}

/// A role at work.
#[derive(Debug, Clone)]
pub struct Follower {
    /// Which role.
    pub role: Role,
    /// What it answers.
    pub policy: Policy,
    /// The journal, to write.
    pub writer: HqWriter,
    /// The journal, to read.
    pub reader: Reader,
    /// The clock.
    pub clock: Clock,
    /// Told when the role is started.
    pub wake: Arc<Notify>,
}

/// Why a turn did not end well.
#[derive(Debug, thiserror::Error)]
enum TurnError {
    #[error(transparent)]
    Read(#[from] StoreError),
    #[error(transparent)]
    Answer(#[from] NodeError),
    #[error(transparent)]
    Gone(#[from] sync::WriterGone),
}

/// Where a role stands.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    /// Everything up to here was looked at.
    read_to: i64,
    /// The cursor as stored.
    stored: i64,
}

impl Follower {
    /// Follows the journal until the program ends.
    pub async fn run(self) {
        let mut changes = self.writer.changes();
        let mut place = None;
        loop {
            changes.borrow_and_update();
            match self.turn(&mut place).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(TurnError::Gone(_)) => return,
                Err(why) => {
                    tracing::error!(%why, role = self.role.as_str(), "the role could not answer; it tries again");
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
            }
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = self.wake.notified() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Reads on and answers some entries; whether there may be more to do at once.
    async fn turn(&self, place: &mut Option<Place>) -> Result<bool, TurnError> {
        let at = match *place {
            Some(at) => at,
            None => {
                let name = self.role.cursor();
                let stored = self.reader.query(move |connection| stored_cursor(connection, name)).await?;
                Place { read_to: stored, stored }
            }
        };
        let (types, name) = (self.policy.types, self.role.cursor());
        let (found, read_to) =
            self.reader.query(move |connection| read_on(connection, types, name, at.read_to)).await?;
        let more = read_to > at.read_to;
        let mut next = Place { read_to, ..at };
        if !found.is_empty() {
            match self.answer(found).await? {
                // Nothing was looked at as long as the role is stopped.
                None => return Ok(false),
                Some(reached) => next.read_to = reached.unwrap_or(read_to),
            }
        }
        if next.read_to.saturating_sub(next.stored) >= CURSOR_LAG_MAX {
            self.store_cursor(next.read_to).await?;
            next.stored = next.read_to;
        }
        *place = Some(next);
        Ok(more)
    }

    /// Answers entries on the writer's thread. `None` when the role is stopped; otherwise the place reached,
    /// if entries are left over.
    async fn answer(&self, found: Vec<Followed>) -> Result<Option<Option<i64>>, TurnError> {
        let (role, policy, now) = (self.role, self.policy, self.clock.now());
        let answered = self.writer.run(move |node| answer_some(node, role, policy, &found, now)).await?;
        Ok(answered?)
    }

    async fn store_cursor(&self, pos: i64) -> Result<(), TurnError> {
        let (name, now) = (self.role.cursor().to_owned(), self.clock.now());
        let beside = Beside { rows: Vec::new(), cursors: vec![(name, pos)] };
        self.writer.run(move |node| node.record(now, None, &[], beside)).await??;
        Ok(())
    }
}

/// One by one, so that every answer sees the one before.
fn answer_some(
    node: &mut Hq,
    role: Role,
    policy: Policy,
    found: &[Followed],
    now: Stamp,
) -> Result<Option<Option<i64>>, NodeError> {
    if !is_running(node, role)? {
        return Ok(None);
    }
    let mut stored = node.store().cursor(role.cursor())?;
    let mut answers = 0;
    for followed in found {
        let pos = followed.cursor.1;
        if pos <= stored {
            continue;
        }
        if (policy.answer)(node, followed, now)? {
            stored = pos;
            answers += 1;
        }
        if answers == ANSWERS_MAX {
            return Ok(Some(Some(pos)));
        }
    }
    Ok(Some(None))
}

fn stored_cursor(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    let found = connection
        .prepare_cached("SELECT pos FROM cursors WHERE name = $1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or(0))
}

/// Entries of the given types behind `from`, and how far was looked.
fn read_on(
    connection: &Connection,
    types: &[&str],
    cursor: &str,
    from: i64,
) -> rusqlite::Result<(Vec<Followed>, i64)> {
    let mut statement = connection.prepare_cached(
        "SELECT e.pos, s.station, s.role, e.bytes FROM entries e \
         JOIN streams s ON s.stream_id = e.stream_id WHERE e.pos > $1 ORDER BY e.pos LIMIT $2",
    )?;
    let mut rows = statement.query((from, ENTRIES_MAX))?;
    let (mut found, mut read_to) = (Vec::new(), from);
    while let Some(row) = rows.next()? {
        read_to = row.get(0)?;
        let Ok(bytes) = row.get_ref(3)?.as_blob() else { continue };
        let kind = type_of(bytes);
        if types.contains(&kind.as_ref()) {
            found.extend(followed(row, cursor, read_to)?);
        } else if kind == REPLAYED && row.get_ref(2)?.as_str() == Ok(DeviceRole::Hq.as_str()) {
            found.extend(replayed(connection, bytes, types, cursor, read_to)?);
        }
    }
    Ok((found, read_to))
}

/// The type of an entry; others are not read further than that: most are sales.
fn type_of(bytes: &[u8]) -> Cow<'_, str> {
    #[derive(Deserialize)]
    struct Head<'a> {
        #[serde(borrow)]
        t: Cow<'a, str>,
    }
    serde_json::from_slice::<Head<'_>>(bytes).map(|head| head.t).unwrap_or_default()
}

/// An entry of a journal, as columns 1 to 3 tell of it.
fn followed(row: &Row<'_>, cursor: &str, pos: i64) -> rusqlite::Result<Option<Followed>> {
    let Ok(bytes) = row.get_ref(3)?.as_blob() else { return Ok(None) };
    let (station, role): (String, String) = (row.get(1)?, row.get(2)?);
    let (Ok(station), Some(writer), Ok(Decoded::Known(envelope))) =
        (StationCode::new(station), DeviceRole::parse(&role), Envelope::decode(bytes))
    else {
        return Ok(None);
    };
    Ok(Some(Followed { station, writer, envelope: *envelope, cursor: (cursor.to_owned(), pos) }))
}

/// An entry that had stepped aside may have been passed over when it came, as one of an unknown type: it is followed
/// where head office's replay of it stands (R14).
fn replayed(
    connection: &Connection,
    bytes: &[u8],
    types: &[&str],
    cursor: &str,
    pos: i64,
) -> rusqlite::Result<Option<Followed>> {
    let Ok(Decoded::Known(envelope)) = Envelope::decode(bytes) else { return Ok(None) };
    let Fact::QuarantineReplayed(replayed) = envelope.fact else { return Ok(None) };
    let key = replayed.entry;
    let mut statement = connection.prepare_cached(
        "SELECT e.pos, s.station, s.role, e.bytes FROM entries e JOIN streams s ON s.stream_id = e.stream_id \
         WHERE s.device = $1 AND s.incarnation = $2 AND e.seq = $3",
    )?;
    let seq = i64::try_from(key.seq.0).unwrap_or(i64::MAX);
    let mut rows = statement.query((key.device.0, key.incarnation.0, seq))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let wanted = row.get_ref(3)?.as_blob().is_ok_and(|bytes| types.contains(&type_of(bytes).as_ref()));
    if wanted { followed(row, cursor, pos) } else { Ok(None) }
}
