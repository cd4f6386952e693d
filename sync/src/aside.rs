//! Entries that stepped aside, as lists and sums for screens; read beside the writer.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use sync_proto::fact::AsideKey;

/// Entries listed at most: whoever has more looks for one cause, not at each.
pub const ASIDE_LISTED_MAX: u32 = 1_000;

/// An entry that stepped aside, with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsideNow {
    /// Its name: see [`AsideKey::to_text`].
    pub key: String,
    /// Whose it is.
    pub station: String,
    /// The till that wrote it.
    pub terminal: Option<u16>,
    /// The device that wrote it, hexadecimal.
    pub device: String,
    /// Place in its journal.
    pub seq: i64,
    /// See [`sync_proto::quarantine::Cause`].
    pub cause: String,
    /// In words, for people who know the program.
    pub reason: String,
    /// The fact's type name as far as it reads.
    pub kind: String,
    /// Receipt number.
    pub receipt: Option<String>,
    /// Business day; empty when it does not read.
    pub business_day: String,
    /// Money in it, won.
    pub amount: Option<i64>,
    /// Whether the totals count it now.
    pub is_counted: bool,
    /// When it was written, by the device's clock.
    pub written_at_ms: Option<i64>,
    /// When it arrived here.
    pub arrived_at_ms: i64,
    /// When it was tried last.
    pub tried_at_ms: i64,
    /// When it came into the books, and what asked for it.
    pub replayed: Option<(i64, String)>,
    /// What was decided.
    pub settled: Option<SettledNow>,
}

/// What was decided about an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettledNow {
    /// `counted` or `leftout`.
    pub money: String,
    /// `hq` or `agent`.
    pub role: String,
    /// Why.
    pub why: String,
    /// When.
    pub at_ms: i64,
}

/// Sums over what is aside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AsideTotals {
    /// Entries that wait for somebody: neither replayed nor settled.
    pub open: i64,
    /// Entries whose sales the totals count.
    pub counted: i64,
    /// Those sales, won.
    pub counted_amount: i64,
}

/// `a` is the entry, `t` what was decided about it. Undecided money counts, that of a fork does not: see
/// [`sync_proto::quarantine::is_counted`].
macro_rules! from_aside {
    () => {
        "FROM set_aside a LEFT JOIN settlements t \
           ON t.station = a.station AND t.stream = a.stream AND t.seq = a.seq AND t.fork = a.fork "
    };
}

macro_rules! is_counted {
    () => {
        "(a.replayed_at_ms IS NULL AND coalesce(t.money, iif(a.fork = '', 'counted', 'leftout')) = 'counted')"
    };
}

macro_rules! listed {
    () => {
        concat!(
            "SELECT a.stream, a.seq, a.fork, a.station, a.terminal, a.cause, a.reason, a.kind, a.receipt, \
               a.business_day, a.amount, a.written_at_ms, a.arrived_at_ms, a.tried_at_ms, a.replayed_at_ms, \
               a.replayed_by, t.money, t.role, t.why, t.at_ms, ",
            is_counted!(),
            " ",
            from_aside!()
        )
    };
}

/// Of one station or of all: first those that wait, newest first, then those that are done with.
///
/// # Errors
/// The database does not answer.
pub fn list(connection: &Connection, station: Option<&str>) -> rusqlite::Result<Vec<AsideNow>> {
    connection
        .prepare_cached(concat!(
            listed!(),
            "WHERE $1 IS NULL OR a.station = $1 \
             ORDER BY a.replayed_at_ms IS NOT NULL OR t.money IS NOT NULL, a.arrived_at_ms DESC, a.stream, \
               a.seq DESC LIMIT $2"
        ))?
        .query_map(params![station, ASIDE_LISTED_MAX], aside)?
        .collect()
}

/// One of them.
///
/// # Errors
/// The database does not answer.
pub fn find(connection: &Connection, key: &AsideKey) -> rusqlite::Result<Option<AsideNow>> {
    let (stream, seq) = place(key);
    connection
        .prepare_cached(concat!(listed!(), "WHERE a.stream = $1 AND a.seq = $2 AND a.fork = $3"))?
        .query_row(params![stream, seq, key.fork], aside)
        .optional()
}

/// The bytes of the entry as text, as they came; of a fork first those that stand in the journal, then its own.
///
/// # Errors
/// The database does not answer.
pub fn payloads(connection: &Connection, key: &AsideKey) -> rusqlite::Result<Vec<String>> {
    let (stream, seq) = place(key);
    connection
        .prepare_cached(
            "SELECT e.bytes, 0 FROM entries e JOIN streams s ON s.stream_id = e.stream_id \
               WHERE lower(hex(s.device)) || lower(hex(s.incarnation)) = $1 AND e.seq = $2 \
             UNION ALL SELECT f.bytes, 1 FROM forks f JOIN streams s ON s.stream_id = f.stream_id \
               WHERE lower(hex(s.device)) || lower(hex(s.incarnation)) = $1 AND f.seq = $2 \
               AND lower(hex(f.hash)) = $3 ORDER BY 2",
        )?
        .query_map(params![stream, seq, key.fork], |row| {
            let bytes: Vec<u8> = row.get(0)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        })?
        .collect()
}

/// Sums of one station or of all, of one business day or of all of them.
///
/// # Errors
/// The database does not answer.
pub fn totals(
    connection: &Connection,
    station: Option<&str>,
    day: Option<&str>,
) -> rusqlite::Result<AsideTotals> {
    connection
        .prepare_cached(concat!(
            "SELECT coalesce(sum(a.replayed_at_ms IS NULL AND t.money IS NULL), 0), \
               coalesce(sum(a.sales <> 0 AND ",
            is_counted!(),
            "), 0), coalesce(sum(iif(",
            is_counted!(),
            ", a.sales, 0)), 0) ",
            from_aside!(),
            "WHERE a.replayed_at_ms IS NULL AND ($1 IS NULL OR a.station = $1) \
               AND ($2 IS NULL OR a.business_day = $2)"
        ))?
        .query_row(params![station, day], |row| {
            Ok(AsideTotals { open: row.get(0)?, counted: row.get(1)?, counted_amount: row.get(2)? })
        })
}

fn place(key: &AsideKey) -> (String, i64) {
    (format!("{}{}", key.device, key.incarnation), i64::try_from(key.seq.0).unwrap_or(i64::MAX))
}

fn aside(row: &Row<'_>) -> rusqlite::Result<AsideNow> {
    let (stream, seq, fork): (String, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let (device, life) = stream.split_at_checked(32).unwrap_or((&stream, ""));
    let fork = if fork.is_empty() { fork } else { format!(".{fork}") };
    let replayed_at_ms: Option<i64> = row.get(14)?;
    let replayed_by: Option<String> = row.get(15)?;
    let money: Option<String> = row.get(16)?;
    let settled = match money {
        Some(money) => Some(SettledNow { money, role: row.get(17)?, why: row.get(18)?, at_ms: row.get(19)? }),
        None => None,
    };
    Ok(AsideNow {
        key: format!("{device}.{life}.{seq}{fork}"),
        device: device.to_owned(),
        station: row.get(3)?,
        terminal: row.get(4)?,
        seq,
        cause: row.get(5)?,
        reason: row.get(6)?,
        kind: row.get(7)?,
        receipt: row.get(8)?,
        business_day: row.get(9)?,
        amount: row.get(10)?,
        is_counted: row.get(20)?,
        written_at_ms: row.get(11)?,
        arrived_at_ms: row.get(12)?,
        tried_at_ms: row.get(13)?,
        replayed: replayed_at_ms.map(|at_ms| (at_ms, replayed_by.unwrap_or_default())),
        settled,
    })
}
