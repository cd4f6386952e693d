//! Whether what is stored is whole: the file by SQLite's own checks, the journal by its chains (R27).

use rusqlite::{Connection, params};
use sync_proto::engine::receiver::Head;
use sync_proto::{ChainHash, Seq, StreamId};

use super::super::{StoreError, StreamRow};
use super::read;

/// Entries of each stream that are checked at a start: what was written last is what a crash may have hurt.
const TAIL_ENTRIES_MAX: u64 = 1_000;

/// Entries of others' streams that are checked at a start, all streams together: about a tenth of a second.
const TAILS_ENTRIES_MAX: u64 = 50_000;

/// Entries read in one go, so that a long check never holds the write-ahead log back.
const STEP_ENTRIES: u64 = 5_000;

/// Problems of the file that are told; one is enough to know what to do.
const PROBLEMS_MAX: u32 = 4;

/// Where a chain does not verify.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainFault {
    /// Which stream.
    pub stream: StreamId,
    /// The first place that is missing or does not follow from the one before it.
    pub seq: Seq,
    /// Whether this node writes the stream.
    pub own: bool,
}

impl std::fmt::Display for ChainFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let StreamId { device, incarnation } = self.stream;
        write!(
            f,
            "entry {} of device {device}, life {}, is missing or does not follow from the one before it",
            self.seq,
            incarnation.to_hex()
        )
    }
}

/// What a whole check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// What SQLite says of the file; empty when it is whole.
    pub file: Vec<String>,
    /// Chains that do not verify.
    pub chains: Vec<ChainFault>,
    /// Entries verified.
    pub entry_count: u64,
}

impl Findings {
    /// Nothing was found.
    pub const fn is_well(&self) -> bool {
        self.file.is_empty() && self.chains.is_empty()
    }

    /// One line.
    pub fn summary(&self) -> String {
        if self.is_well() {
            return format!("whole; {} entries verified", self.entry_count);
        }
        let chains = self.chains.iter().map(ToString::to_string);
        self.file.iter().cloned().chain(chains).collect::<Vec<_>>().join("; ")
    }
}

/// The quick look of a start: pages and tables, without the contents of indexes.
pub(super) fn quick(connection: &Connection) -> Result<Vec<String>, StoreError> {
    problems(connection, "PRAGMA quick_check")
}

/// Everything: the whole file, and every chain from where it was purged.
///
/// # Errors
/// The database does not answer at all.
pub fn whole(connection: &Connection) -> Result<Findings, StoreError> {
    let mut findings =
        Findings { file: problems(connection, "PRAGMA integrity_check")?, ..Findings::default() };
    for row in read::streams(connection)? {
        let (verified, fault) = verify(connection, &row, row.purged)?;
        findings.entry_count = findings.entry_count.saturating_add(verified);
        findings.chains.extend(fault);
    }
    Ok(findings)
}

/// The tail of every chain against the head that its stream has.
pub(super) fn tails(connection: &Connection) -> Result<Vec<ChainFault>, StoreError> {
    let streams = read::streams(connection)?;
    let count = u64::try_from(streams.len()).unwrap_or(u64::MAX).max(1);
    let share = (TAILS_ENTRIES_MAX / count).clamp(1, TAIL_ENTRIES_MAX);
    let mut faults = Vec::new();
    for row in streams {
        let depth = if row.own { TAIL_ENTRIES_MAX } else { share };
        let start = Seq(row.head.seq.0.saturating_sub(depth)).max(row.purged.seq);
        match before(connection, &row, start)? {
            Some(base) => faults.extend(verify(connection, &row, base)?.1),
            None => faults.push(ChainFault { stream: row.id, seq: start, own: row.own }),
        }
    }
    Ok(faults)
}

/// The chain at `seq`, which a tail continues.
fn before(connection: &Connection, row: &StreamRow, seq: Seq) -> Result<Option<Head>, StoreError> {
    if seq == row.purged.seq {
        return Ok(Some(row.purged));
    }
    Ok(read::hash_at(connection, &row.id, seq)?.map(|hash| Head { seq, hash }))
}

/// Verifies a stream from `base` to its head; returns how many entries hold and the first place that does not.
fn verify(
    connection: &Connection,
    row: &StreamRow,
    base: Head,
) -> Result<(u64, Option<ChainFault>), StoreError> {
    let fault = |at: Head| ChainFault { stream: row.id, seq: at.seq.next(), own: row.own };
    let Some(stream_no) = read::stream_no(connection, &row.id)? else {
        return Ok((0, Some(fault(base))));
    };
    let mut at = base;
    while at.seq < row.head.seq {
        let upto = Seq(at.seq.0.saturating_add(STEP_ENTRIES)).min(row.head.seq);
        let reached = step(connection, stream_no, at, upto)?;
        if reached.seq != upto {
            return Ok((reached.seq.0.saturating_sub(base.seq.0), Some(fault(reached))));
        }
        at = reached;
    }
    let verified = at.seq.0.saturating_sub(base.seq.0);
    // A head that no entry bears out: what was behind it is gone, or the head was written over.
    Ok((verified, (at != row.head).then_some(ChainFault { stream: row.id, seq: row.head.seq, own: row.own })))
}

/// How far from `at` entries follow from each other, up to `upto`.
fn step(connection: &Connection, stream_no: i64, at: Head, upto: Seq) -> Result<Head, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, hash, bytes FROM entries WHERE stream_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq",
    )?;
    let mut rows = statement.query(params![stream_no, read::seq_cell(at.seq), read::seq_cell(upto)])?;
    let mut at = at;
    while let Some(row) = rows.next()? {
        let (seq, hash): (i64, [u8; 32]) = (row.get(0)?, row.get(1)?);
        let bytes = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
        if seq != read::seq_cell(at.seq.next()) || ChainHash(hash) != at.hash.chain(bytes) {
            break;
        }
        at = Head { seq: at.seq.next(), hash: ChainHash(hash) };
    }
    Ok(at)
}

fn problems(connection: &Connection, check: &str) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare(&format!("{check}({PROBLEMS_MAX})"))?;
    let lines: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}
