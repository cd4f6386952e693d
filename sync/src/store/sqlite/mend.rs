//! Putting back what an audit missed (R29).

use rusqlite::{OptionalExtension as _, Transaction, params};
use sync_proto::Entry;

use super::super::StoreError;
use super::read::{self, seq_cell};

/// Puts entries in their places again; what stands there now is kept in `mended`.
pub(super) fn write(transaction: &Transaction<'_>, entries: &[Entry], at_ms: i64) -> Result<(), StoreError> {
    for entry in entries {
        let stream = entry.key.stream;
        let Some(stream_no) = read::stream_no(transaction, &stream)? else {
            return Err(StoreError::Conflict { stream, head: sync_proto::Seq::NONE });
        };
        let seq = seq_cell(entry.key.seq);
        let found = standing(transaction, stream_no, seq)?;
        if found.as_ref().is_some_and(|found| found.hash == entry.hash.0 && found.bytes == entry.bytes) {
            continue;
        }
        let (hash, bytes) = found.as_ref().map(|found| (&found.hash[..], &found.bytes[..])).unzip();
        transaction
            .prepare_cached(
                "INSERT INTO mended (stream_id, seq, at_ms, open, hash, bytes) VALUES ($1, $2, $3, 1, $4, $5)",
            )?
            .execute(params![stream_no, seq, at_ms, hash, bytes])?;
        transaction
            .prepare_cached("DELETE FROM entries WHERE stream_id = $1 AND seq = $2")?
            .execute(params![stream_no, seq])?;
        let pos = match &found {
            Some(found) => Some(found.pos),
            None => free_place(transaction, stream_no, seq)?,
        };
        transaction
            .prepare_cached(
                "INSERT INTO entries (pos, stream_id, seq, hash, received_at_ms, bytes) \
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )?
            .execute(params![pos, stream_no, seq, entry.hash.0, at_ms, entry.bytes])?;
        transaction
            .prepare_cached("UPDATE mended SET open = 0 WHERE stream_id = $1 AND seq = $2 AND open = 1")?
            .execute(params![stream_no, seq])?;
    }
    Ok(())
}

/// An entry as it stands in the table, whatever became of it.
struct Standing {
    pos: i64,
    hash: [u8; 32],
    bytes: Vec<u8>,
}

fn standing(transaction: &Transaction<'_>, stream_no: i64, seq: i64) -> Result<Option<Standing>, StoreError> {
    let mut statement = transaction
        .prepare_cached("SELECT pos, hash, bytes FROM entries WHERE stream_id = $1 AND seq = $2")?;
    let found = statement.query_row(params![stream_no, seq], |row| {
        Ok(Standing { pos: row.get(0)?, hash: row.get(1)?, bytes: row.get(2)? })
    });
    Ok(found.optional()?)
}

/// The first free place between its neighbours: consumers that read in the order of places have read past it, as they
/// had before it went missing. `None` puts it at the end.
fn free_place(transaction: &Transaction<'_>, stream_no: i64, seq: i64) -> Result<Option<i64>, StoreError> {
    let mut statement = transaction.prepare_cached(
        "SELECT coalesce((SELECT pos FROM entries WHERE stream_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT 1), 0) + 1, \
                (SELECT pos FROM entries WHERE stream_id = $1 AND seq > $2 ORDER BY seq LIMIT 1), \
                (SELECT coalesce(max(pos), 0) FROM entries)",
    )?;
    let (low, high, last): (i64, Option<i64>, i64) =
        statement.query_row(params![stream_no, seq], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let high = high.unwrap_or(last);
    let mut taken =
        transaction.prepare_cached("SELECT pos FROM entries WHERE pos >= $1 AND pos < $2 ORDER BY pos")?;
    let mut rows = taken.query(params![low, high])?;
    let mut free = low;
    while let Some(row) = rows.next()? {
        let pos: i64 = row.get(0)?;
        if pos > free {
            break;
        }
        free = free.saturating_add(1);
    }
    Ok((free < high).then_some(free))
}
