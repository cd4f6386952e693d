//! What may be purged, and when (R32, R33): only what the durable upstream has held for long, never what anybody
//! still waits for, never the head of a chain.

use rusqlite::{Connection, params};
use serde::Deserialize;
use sync_proto::Seq;

use crate::store::sqlite::SqliteStore;
use crate::store::{Store as _, StoreError, StreamRow};

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A restored head office may be this much older than it was (R11): days for which entries stay after it
/// acknowledged them.
pub const KEEP_DAYS_MIN: u16 = 90;

/// Ten years, the longest that books must be kept anywhere; a disk that should hold more is an archive.
pub const KEEP_DAYS_MAX: u16 = 3_660;

/// For how many days entries stay after head office acknowledged them, as configured: `keep_days`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "i64")]
pub struct KeepDays(u16);

/// Days that nobody may configure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "keep_days is {0}; write {KEEP_DAYS_MIN} to {KEEP_DAYS_MAX}: what head office loses when it is restored from a backup comes again from here, and a backup may be that old"
)]
pub struct KeepDaysError(i64);

impl KeepDays {
    /// The days.
    pub const fn days(self) -> u16 {
        self.0
    }
}

impl Default for KeepDays {
    fn default() -> Self {
        Self(KEEP_DAYS_MIN)
    }
}

impl TryFrom<i64> for KeepDays {
    type Error = KeepDaysError;

    fn try_from(days: i64) -> Result<Self, KeepDaysError> {
        match u16::try_from(days) {
            Ok(fits) if (KEEP_DAYS_MIN..=KEEP_DAYS_MAX).contains(&fits) => Ok(Self(fits)),
            _ => Err(KeepDaysError(days)),
        }
    }
}

/// Entries deleted in one transaction: a few milliseconds of the writer.
const STEP_ENTRIES: u64 = 500;

/// Transactions of one purge: ten thousand entries are more than a station's busiest week.
const STEPS_MAX: u32 = 20;

/// How long a program keeps what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// The upstream whose acknowledgement counts: head office.
    pub durable: &'static str,
    /// Every upstream that has to hold an entry before it may go (R36).
    pub upstreams: &'static [&'static str],
    /// Days after the acknowledgement.
    pub keep_days: KeepDays,
    /// Statements that delete rows of projections and of the program's own which belong to purged entries, in this
    /// order, each with a limit of its own.
    pub rows: &'static [&'static str],
}

impl Retention {
    /// With the days configured.
    pub fn new(
        durable: &'static str,
        upstreams: &'static [&'static str],
        keep_days: KeepDays,
        rows: &'static [&'static str],
    ) -> Self {
        Self { durable, upstreams, keep_days, rows }
    }

    fn oldest_day(&self, today: i64) -> i64 {
        today.saturating_sub(i64::from(self.keep_days.days()))
    }
}

impl SqliteStore {
    /// Purges by `retention` from here on when the disk is full.
    pub fn keep(&mut self, retention: Retention) {
        self.retention = Some(retention);
    }

    /// Notes how far the durable upstream holds everything on the day of `now_ms`, which must be a time that was
    /// agreed with it: a clock that is wrong would let entries go early. The first look of a day counts.
    pub fn note_night(&mut self, retention: &Retention, now_ms: i64) -> Result<(), StoreError> {
        let day = now_ms.div_euclid(DAY_MS);
        self.connection().execute(
            "INSERT INTO ack_nights (upstream, stream_id, day, through) \
             SELECT upstream, stream_id, $1, through FROM acks WHERE upstream = $2 ON CONFLICT DO NOTHING",
            params![day, retention.durable],
        )?;
        // Of the nights that are over, the newest says everything.
        self.connection().execute(
            "DELETE FROM ack_nights WHERE day < $1 AND EXISTS (SELECT 1 FROM ack_nights later \
               WHERE later.upstream = ack_nights.upstream AND later.stream_id = ack_nights.stream_id \
               AND later.day > ack_nights.day AND later.day <= $1)",
            params![retention.oldest_day(day)],
        )?;
        Ok(())
    }

    /// Purges what is due by the last night that was noted, at most ten thousand entries; returns how many went.
    pub fn purge_due(&mut self, retention: &Retention) -> Result<u64, StoreError> {
        let today: Option<i64> =
            self.connection().query_row("SELECT max(day) FROM ack_nights", [], |row| row.get(0))?;
        let Some(oldest_day) = today.map(|today| retention.oldest_day(today)) else { return Ok(0) };
        let mut gone = 0u64;
        let mut steps = STEPS_MAX;
        for row in self.streams()? {
            let through = through(self.connection(), retention, &row, oldest_day)?;
            let mut upto = row.purged.seq;
            while upto < through && steps > 0 {
                upto = Seq(upto.0.saturating_add(STEP_ENTRIES)).min(through);
                gone = gone.saturating_add(self.purge(&row.id, upto)?);
                steps = steps.saturating_sub(1);
            }
        }
        for statement in retention.rows {
            self.connection().execute(statement, [])?;
        }
        Ok(gone)
    }
}

/// How far a stream may go: held by the durable upstream long enough, held by every upstream now, and nothing that is
/// in quarantine, whose bytes are still needed (R14).
fn through(
    connection: &Connection,
    retention: &Retention,
    row: &StreamRow,
    oldest_day: i64,
) -> Result<Seq, StoreError> {
    let ids = params![row.id.device.0, row.id.incarnation.0];
    let stream_no: i64 = connection
        .prepare_cached("SELECT stream_id FROM streams WHERE device = $1 AND incarnation = $2")?
        .query_row(ids, |row| row.get(0))?;
    let mut through: i64 = connection
        .prepare_cached(
            "SELECT coalesce(max(through), 0) FROM ack_nights \
             WHERE upstream = $1 AND stream_id = $2 AND day <= $3",
        )?
        .query_row(params![retention.durable, stream_no, oldest_day], |row| row.get(0))?;
    for upstream in retention.upstreams {
        let held: i64 = connection
            .prepare_cached(
                "SELECT coalesce(max(through), 0) FROM acks WHERE upstream = $1 AND stream_id = $2",
            )?
            .query_row(params![upstream, stream_no], |row| row.get(0))?;
        through = through.min(held);
    }
    let aside: Option<i64> = connection
        .prepare_cached("SELECT min(seq) FROM set_aside WHERE stream = $1 AND replayed_at_ms IS NULL")?
        .query_row([format!("{}{}", row.id.device, row.id.incarnation)], |row| row.get(0))?;
    let through = aside.map_or(through, |aside| through.min(aside.saturating_sub(1)));
    Ok(Seq(u64::try_from(through).unwrap_or(0)))
}
