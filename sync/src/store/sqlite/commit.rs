//! The one transaction that writes.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;

use rusqlite::{Connection, Transaction, TransactionBehavior, params, params_from_iter};
use sync_proto::rows::{RowChange, TableRef};
use sync_proto::{ChainHash, Seq, StreamId};

use super::super::{Commit, StoreError, StreamRow};
use super::read::{self, Cell, seq_cell};
use super::texts::Texts;
use super::{feeds, mend};

/// A stream's number and head while the commit goes on.
struct Tail {
    stream_no: i64,
    seq: Seq,
    hash: ChainHash,
}

pub(super) fn commit(
    connection: &mut Connection,
    texts: &mut Texts,
    commit: &Commit,
) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for row in &commit.streams {
        insert_stream(&transaction, commit.at_ms, row)?;
    }
    append(&transaction, commit)?;
    mend::write(&transaction, &commit.mend, commit.at_ms)?;
    write_rows(&transaction, texts, &commit.rows)?;
    for (upstream, stream, through) in &commit.acks {
        write_ack(&transaction, upstream, stream, *through, commit.at_ms)?;
    }
    feeds::write(&transaction, commit)?;
    for (name, pos) in &commit.cursors {
        transaction
            .prepare_cached(
                "INSERT INTO cursors (name, pos) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET pos = excluded.pos",
            )?
            .execute(params![name, pos])?;
    }
    write_forks(&transaction, commit)?;
    transaction.commit()?;
    Ok(())
}

fn insert_stream(transaction: &Transaction<'_>, at_ms: i64, row: &StreamRow) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "INSERT INTO streams (device, incarnation, station, role, terminal, own, head_seq, head_hash, \
               opened_at_ms, purged_through, purged_hash) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (device, incarnation) DO NOTHING",
        )?
        .execute(params![
            row.id.device.0,
            row.id.incarnation.0,
            row.origin.station.as_str(),
            row.origin.role.as_str(),
            row.origin.terminal.map(|no| no.0),
            row.own,
            seq_cell(row.head.seq),
            row.head.hash.0,
            at_ms,
            seq_cell(row.purged.seq),
            (row.purged.seq != Seq::NONE).then_some(row.purged.hash.0)
        ])?;
    Ok(())
}

fn append(transaction: &Transaction<'_>, commit: &Commit) -> Result<(), StoreError> {
    if commit.append.is_empty() {
        return Ok(());
    }
    let mut insert = transaction.prepare_cached(
        "INSERT INTO entries (stream_id, seq, hash, received_at_ms, bytes) VALUES ($1, $2, $3, $4, $5)",
    )?;
    let mut tails: BTreeMap<StreamId, Tail> = BTreeMap::new();
    for entry in &commit.append {
        let stream = entry.key.stream;
        let tail = match tails.entry(stream) {
            Slot::Occupied(known) => known.into_mut(),
            Slot::Vacant(empty) => empty.insert(read_tail(transaction, &stream)?),
        };
        if entry.key.seq != tail.seq.next() || entry.hash != tail.hash.chain(&entry.bytes) {
            return Err(StoreError::Conflict { stream, head: tail.seq });
        }
        insert.execute(params![
            tail.stream_no,
            seq_cell(entry.key.seq),
            entry.hash.0,
            commit.at_ms,
            entry.bytes
        ])?;
        tail.seq = entry.key.seq;
        tail.hash = entry.hash;
    }
    let mut update = transaction
        .prepare_cached("UPDATE streams SET head_seq = $1, head_hash = $2 WHERE stream_id = $3")?;
    for tail in tails.values() {
        update.execute(params![seq_cell(tail.seq), tail.hash.0, tail.stream_no])?;
    }
    Ok(())
}

fn read_tail(transaction: &Transaction<'_>, stream: &StreamId) -> Result<Tail, StoreError> {
    let tail = read::tail(transaction, stream)?;
    tail.map(|(stream_no, head)| Tail { stream_no, seq: head.seq, hash: head.hash })
        .ok_or(StoreError::Conflict { stream: *stream, head: Seq::NONE })
}

/// Writes table by table, each with one statement. Within a table the order is kept: new rows are numbered by it.
fn write_rows(
    transaction: &Transaction<'_>,
    texts: &mut Texts,
    changes: &[RowChange],
) -> Result<(), StoreError> {
    let mut tables: Vec<TableRef> = Vec::new();
    for change in changes {
        if !tables.contains(&change.key.table) {
            tables.push(change.key.table);
        }
    }
    for table in tables {
        let sql = texts.of(table.0);
        let mut upsert = transaction.prepare_cached(&sql.upsert)?;
        let mut delete = transaction.prepare_cached(&sql.delete)?;
        for change in changes.iter().filter(|change| change.key.table == table) {
            let key = change.key.key.iter();
            match &change.cells {
                Some(cells) => upsert.execute(params_from_iter(key.chain(cells).map(Cell)))?,
                None => delete.execute(params_from_iter(key.map(Cell)))?,
            };
        }
    }
    Ok(())
}

fn write_ack(
    transaction: &Transaction<'_>,
    upstream: &str,
    stream: &StreamId,
    through: Seq,
    at_ms: i64,
) -> Result<(), StoreError> {
    let Some(stream_no) = read::stream_no(transaction, stream)? else {
        return Err(StoreError::Conflict { stream: *stream, head: Seq::NONE });
    };
    transaction
        .prepare_cached(
            "INSERT INTO acks (upstream, stream_id, through, at_ms) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (upstream, stream_id) DO UPDATE SET through = excluded.through, at_ms = excluded.at_ms",
        )?
        .execute(params![upstream, stream_no, seq_cell(through), at_ms])?;
    Ok(())
}

fn write_forks(transaction: &Transaction<'_>, commit: &Commit) -> Result<(), StoreError> {
    for entry in &commit.forks {
        let stream_no = read::stream_no(transaction, &entry.key.stream)?;
        transaction
            .prepare_cached(
                "INSERT INTO forks (stream_id, seq, hash, at_ms, bytes) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (stream_id, seq, hash) DO NOTHING",
            )?
            .execute(params![stream_no, seq_cell(entry.key.seq), entry.hash.0, commit.at_ms, entry.bytes])?;
    }
    Ok(())
}
