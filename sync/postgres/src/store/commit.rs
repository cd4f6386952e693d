//! The one transaction that writes: a fixed number of statements, however long the batch.
//!
//! Correct with several writers: the rows of the streams are locked before their heads are read, places in the
//! order of entries and versions of feeds are given out under a lock that is held until the commit, so both
//! ascend in the order of commits (R18). Locks are taken in one order: streams by number, entries, feeds by name.

mod mend;
pub(super) mod rows;

use std::collections::BTreeMap;

use sync::StoreError;
use sync::store::{Commit, ServerError};
use sync_proto::{ChainHash, FeedVersion, Seq, StreamId};

use super::column::{escape, get};
use super::fault::is_lost;
use super::feeds;
use super::read::{bytes_at, seq_cell, seq_of, version_of};
use super::session::Session;

/// Why a commit did not get its confirmation.
#[derive(Debug)]
pub(super) enum Failure {
    /// It failed before it was to be confirmed: nothing of it is stored.
    Before(StoreError),
    /// The connection was lost while the server was confirming it.
    InDoubt(ServerError),
}

/// Places in the order of entries are given out under this lock.
const LOCK_PLACES: &str = "SELECT pg_advisory_xact_lock(x'6a757975'::int, 1)";

/// A stream's number and head while the commit goes on.
struct Tail {
    stream_no: i64,
    seq: Seq,
    hash: ChainHash,
}

pub(super) fn commit(
    session: &mut Session,
    commit: &Commit,
    writer: &[u8],
    commit_no: i64,
) -> Result<(), Failure> {
    if let Err(why) = write(session, commit, writer, commit_no) {
        if !is_lost(&why) {
            session.run("ROLLBACK").map_err(Failure::Before)?;
        }
        return Err(Failure::Before(why));
    }
    match session.run("COMMIT") {
        Ok(()) => Ok(()),
        Err(StoreError::Server(lost)) if lost.fault == sync::store::ServerFault::Unreachable => {
            Err(Failure::InDoubt(lost))
        }
        Err(why) => Err(Failure::Before(why)),
    }
}

/// Number of the last commit of `writer` that is stored. Waits for one that is being stored: it holds the row.
pub(super) fn marked(session: &mut Session, writer: &[u8]) -> Result<Option<i64>, StoreError> {
    let row =
        session.query_opt("SELECT commit_no FROM commit_marks WHERE writer = $1 FOR UPDATE", &[&writer])?;
    row.map(|row| get(&row, 0)).transpose()
}

fn write(session: &mut Session, commit: &Commit, writer: &[u8], commit_no: i64) -> Result<(), StoreError> {
    session.run("BEGIN")?;
    insert_streams(session, commit)?;
    append(session, commit)?;
    mend::write(session, commit)?;
    lock_feeds(session, commit)?;
    rows::write(session, &commit.rows)?;
    write_acks(session, commit)?;
    write_feeds(session, commit)?;
    feeds::write(session, commit)?;
    write_cursors(session, commit)?;
    write_forks(session, commit)?;
    let marked = session
        .execute("UPDATE commit_marks SET commit_no = $2 WHERE writer = $1", &[&writer, &commit_no])?;
    if marked == 1 {
        Ok(())
    } else {
        // Another writer began and removed the marks of those before it, so this one has lost its lease.
        Err(StoreError::InUse("the database".to_owned()))
    }
}

fn insert_streams(session: &mut Session, commit: &Commit) -> Result<(), StoreError> {
    if commit.streams.is_empty() {
        return Ok(());
    }
    let rows = &commit.streams;
    let devices: Vec<&[u8]> = rows.iter().map(|row| &row.id.device.0[..]).collect();
    let incarnations: Vec<&[u8]> = rows.iter().map(|row| &row.id.incarnation.0[..]).collect();
    let stations: Vec<&str> = rows.iter().map(|row| row.origin.station.as_str()).collect();
    let roles: Vec<&str> = rows.iter().map(|row| row.origin.role.as_str()).collect();
    let terminals: Vec<Option<i64>> =
        rows.iter().map(|row| row.origin.terminal.map(|no| i64::from(no.0))).collect();
    let own: Vec<i64> = rows.iter().map(|row| i64::from(row.own)).collect();
    let seqs: Vec<i64> = rows.iter().map(|row| seq_cell(row.head.seq)).collect();
    let hashes: Vec<&[u8]> = rows.iter().map(|row| &row.head.hash.0[..]).collect();
    let purged: Vec<i64> = rows.iter().map(|row| seq_cell(row.purged.seq)).collect();
    let purged_hashes: Vec<Option<&[u8]>> =
        rows.iter().map(|row| (row.purged.seq != Seq::NONE).then_some(&row.purged.hash.0[..])).collect();
    session.execute(
        "INSERT INTO streams (device, incarnation, station, role, terminal, own, head_seq, head_hash, \
                              purged_through, purged_hash, opened_at_ms) \
         SELECT device, incarnation, station, role, terminal, own, head_seq, head_hash, purged_through, \
                purged_hash, $11 \
         FROM unnest($1::bytea[], $2::bytea[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], \
                     $8::bytea[], $9::bigint[], $10::bytea[]) WITH ORDINALITY \
              AS new (device, incarnation, station, role, terminal, own, head_seq, head_hash, purged_through, \
                      purged_hash, n) \
         ORDER BY n ON CONFLICT (device, incarnation) DO NOTHING",
        &[
            &devices,
            &incarnations,
            &stations,
            &roles,
            &terminals,
            &own,
            &seqs,
            &hashes,
            &purged,
            &purged_hashes,
            &commit.at_ms,
        ],
    )?;
    Ok(())
}

/// Numbers and heads of streams as they are now; `lock` keeps them so until the commit.
fn tails(
    session: &mut Session,
    streams: &[StreamId],
    lock: bool,
) -> Result<BTreeMap<StreamId, Tail>, StoreError> {
    if streams.is_empty() {
        return Ok(BTreeMap::new());
    }
    let devices: Vec<&[u8]> = streams.iter().map(|id| &id.device.0[..]).collect();
    let incarnations: Vec<&[u8]> = streams.iter().map(|id| &id.incarnation.0[..]).collect();
    let sql = format!(
        "SELECT s.device, s.incarnation, s.stream_id, s.head_seq, s.head_hash FROM streams s \
         JOIN unnest($1::bytea[], $2::bytea[]) AS wanted (device, incarnation) \
           ON wanted.device = s.device AND wanted.incarnation = s.incarnation \
         ORDER BY s.stream_id {}",
        if lock { "FOR UPDATE OF s" } else { "" }
    );
    let rows = session.query(&sql, &[&devices, &incarnations])?;
    rows.iter()
        .map(|row| {
            let device = sync_proto::DeviceId(bytes_at(row, 0)?);
            let id = StreamId { device, incarnation: sync_proto::Incarnation(bytes_at(row, 1)?) };
            let hash = ChainHash(bytes_at(row, 4)?);
            Ok((id, Tail { stream_no: get(row, 2)?, seq: seq_of(get(row, 3)?)?, hash }))
        })
        .collect()
}

fn stream_nos(
    session: &mut Session,
    streams: impl Iterator<Item = StreamId>,
) -> Result<Vec<i64>, StoreError> {
    let wanted: Vec<StreamId> = streams.collect();
    let mut distinct = wanted.clone();
    distinct.sort();
    distinct.dedup();
    let known = tails(session, &distinct, false)?;
    wanted
        .iter()
        .map(|stream| {
            known
                .get(stream)
                .map(|tail| tail.stream_no)
                .ok_or(StoreError::Conflict { stream: *stream, head: Seq::NONE })
        })
        .collect()
}

fn append(session: &mut Session, commit: &Commit) -> Result<(), StoreError> {
    if commit.append.is_empty() {
        return Ok(());
    }
    let mut distinct: Vec<StreamId> = commit.append.iter().map(|entry| entry.key.stream).collect();
    distinct.sort();
    distinct.dedup();
    let mut tails = tails(session, &distinct, true)?;
    let mut stream_nos = Vec::with_capacity(commit.append.len());
    for entry in &commit.append {
        let stream = entry.key.stream;
        let tail = tails.get_mut(&stream).ok_or(StoreError::Conflict { stream, head: Seq::NONE })?;
        if entry.key.seq != tail.seq.next() || entry.hash != tail.hash.chain(&entry.bytes) {
            return Err(StoreError::Conflict { stream, head: tail.seq });
        }
        tail.seq = entry.key.seq;
        tail.hash = entry.hash;
        stream_nos.push(tail.stream_no);
    }
    insert_entries(session, commit, &stream_nos)?;
    let nos: Vec<i64> = tails.values().map(|tail| tail.stream_no).collect();
    let seqs: Vec<i64> = tails.values().map(|tail| seq_cell(tail.seq)).collect();
    let hashes: Vec<&[u8]> = tails.values().map(|tail| &tail.hash.0[..]).collect();
    session.execute(
        "UPDATE streams s SET head_seq = new.seq, head_hash = new.hash \
         FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS new (stream_id, seq, hash) \
         WHERE s.stream_id = new.stream_id",
        &[&nos, &seqs, &hashes],
    )?;
    Ok(())
}

fn insert_entries(session: &mut Session, commit: &Commit, stream_nos: &[i64]) -> Result<(), StoreError> {
    session.query(LOCK_PLACES, &[])?;
    let entries = &commit.append;
    let seqs: Vec<i64> = entries.iter().map(|entry| seq_cell(entry.key.seq)).collect();
    let hashes: Vec<&[u8]> = entries.iter().map(|entry| &entry.hash.0[..]).collect();
    let bytes: Vec<&[u8]> = entries.iter().map(|entry| entry.bytes.as_slice()).collect();
    session.execute(
        "INSERT INTO entries (stream_id, seq, hash, received_at_ms, bytes) \
         SELECT stream_id, seq, hash, $5, bytes \
         FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[]) WITH ORDINALITY \
              AS new (stream_id, seq, hash, bytes, n) ORDER BY n",
        &[&stream_nos, &seqs, &hashes, &bytes, &commit.at_ms],
    )?;
    Ok(())
}

fn write_acks(session: &mut Session, commit: &Commit) -> Result<(), StoreError> {
    if commit.acks.is_empty() {
        return Ok(());
    }
    // The last word on a stream counts.
    let last: BTreeMap<(&str, StreamId), Seq> = commit
        .acks
        .iter()
        .map(|(upstream, stream, through)| ((upstream.as_str(), *stream), *through))
        .collect();
    let nos = stream_nos(session, last.keys().map(|(_, stream)| *stream))?;
    let upstreams: Vec<_> = last.keys().map(|(upstream, _)| escape(upstream)).collect();
    let through: Vec<i64> = last.values().map(|seq| seq_cell(*seq)).collect();
    session.execute(
        "INSERT INTO acks (upstream, stream_id, through, at_ms) \
         SELECT upstream, stream_id, through, $4 \
         FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS new (upstream, stream_id, through) \
         ON CONFLICT (upstream, stream_id) DO UPDATE SET through = excluded.through, at_ms = excluded.at_ms",
        &[&upstreams, &nos, &through, &commit.at_ms],
    )?;
    Ok(())
}

/// One writer at a time per feed, from here to the commit. What is published must be numbered after what is
/// there: a version taken from a head that has moved would come after its successors, and readers that passed
/// it would miss it.
fn lock_feeds(session: &mut Session, commit: &Commit) -> Result<(), StoreError> {
    let mut scopes: Vec<String> = commit.feed_heads.iter().map(|(scope, _)| scope.to_text()).collect();
    scopes.extend(commit.feed_items.iter().map(|(scope, _)| scope.to_text()));
    scopes.extend(commit.feed_resets.iter().map(sync_proto::fact::FeedScope::to_text));
    scopes.sort();
    scopes.dedup();
    if scopes.is_empty() {
        return Ok(());
    }
    for scope in &scopes {
        session.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", &[scope])?;
    }
    let rows = session.query("SELECT scope, writer, version FROM feeds WHERE scope = ANY($1)", &[&scopes])?;
    for row in &rows {
        let (scope, writer): (&str, [u8; 16]) = (get(row, 0)?, bytes_at(row, 1)?);
        let head = version_of(get(row, 2)?)?;
        if commit.feed_resets.iter().any(|reset| reset.to_text() == scope) {
            continue;
        }
        let of_this_writer =
            commit.feed_heads.iter().any(|(of, head)| of.to_text() == scope && head.writer.0 == writer);
        let first: Option<FeedVersion> = commit
            .feed_items
            .iter()
            .filter(|(of, _)| of.to_text() == scope)
            .map(|(_, item)| item.version)
            .min();
        if of_this_writer && first.is_some_and(|first| first <= head) {
            return Err(StoreError::FeedMoved { scope: scope.to_owned(), head });
        }
    }
    Ok(())
}

fn write_feeds(session: &mut Session, commit: &Commit) -> Result<(), StoreError> {
    if !commit.feed_resets.is_empty() {
        let scopes: Vec<String> =
            commit.feed_resets.iter().map(sync_proto::fact::FeedScope::to_text).collect();
        session.execute("DELETE FROM feed_items WHERE scope = ANY($1)", &[&scopes])?;
    }
    if !commit.feed_items.is_empty() {
        // A later item of a key replaces the earlier one.
        let last: BTreeMap<(String, &str), (FeedVersion, &[u8])> = commit
            .feed_items
            .iter()
            .map(|(scope, item)| {
                ((scope.to_text(), item.key.as_str()), (item.version, item.bytes.as_slice()))
            })
            .collect();
        let scopes: Vec<&str> = last.keys().map(|(scope, _)| scope.as_str()).collect();
        let keys: Vec<_> = last.keys().map(|(_, key)| escape(key)).collect();
        let versions: Vec<i64> = last.values().map(|(version, _)| version_cell(*version)).collect();
        let bytes: Vec<&[u8]> = last.values().map(|(_, bytes)| *bytes).collect();
        session.execute(
            "INSERT INTO feed_items (scope, key, version, bytes, at_ms) \
             SELECT *, $5::bigint FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bytea[]) \
             ON CONFLICT (scope, key) DO UPDATE \
             SET version = excluded.version, bytes = excluded.bytes, at_ms = excluded.at_ms",
            &[&scopes, &keys, &versions, &bytes, &commit.at_ms],
        )?;
    }
    if !commit.feed_heads.is_empty() {
        let last: BTreeMap<String, _> =
            commit.feed_heads.iter().map(|(scope, head)| (scope.to_text(), head)).collect();
        let scopes: Vec<&str> = last.keys().map(String::as_str).collect();
        let writers: Vec<&[u8]> = last.values().map(|head| &head.writer.0[..]).collect();
        let versions: Vec<i64> = last.values().map(|head| version_cell(head.version)).collect();
        session.execute(
            "INSERT INTO feeds (scope, writer, version) \
             SELECT * FROM unnest($1::text[], $2::bytea[], $3::bigint[]) \
             ON CONFLICT (scope) DO UPDATE SET writer = excluded.writer, version = excluded.version",
            &[&scopes, &writers, &versions],
        )?;
    }
    Ok(())
}

fn write_cursors(session: &mut Session, commit: &Commit) -> Result<(), StoreError> {
    if commit.cursors.is_empty() {
        return Ok(());
    }
    let last: BTreeMap<&str, i64> = commit.cursors.iter().map(|(name, pos)| (name.as_str(), *pos)).collect();
    let names: Vec<_> = last.keys().map(|name| escape(name)).collect();
    let places: Vec<i64> = last.into_values().collect();
    session.execute(
        "INSERT INTO cursors (name, pos) SELECT * FROM unnest($1::text[], $2::bigint[]) \
         ON CONFLICT (name) DO UPDATE SET pos = excluded.pos",
        &[&names, &places],
    )?;
    Ok(())
}

fn write_forks(session: &mut Session, commit: &Commit) -> Result<(), StoreError> {
    if !commit.forks.is_empty() {
        let forks = &commit.forks;
        let nos = stream_nos(session, forks.iter().map(|entry| entry.key.stream))?;
        let seqs: Vec<i64> = forks.iter().map(|entry| seq_cell(entry.key.seq)).collect();
        let hashes: Vec<&[u8]> = forks.iter().map(|entry| &entry.hash.0[..]).collect();
        let bytes: Vec<&[u8]> = forks.iter().map(|entry| entry.bytes.as_slice()).collect();
        session.execute(
            "INSERT INTO forks (stream_id, seq, hash, at_ms, bytes) \
             SELECT stream_id, seq, hash, $5, bytes \
             FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[]) WITH ORDINALITY \
                  AS new (stream_id, seq, hash, bytes, n) \
             ORDER BY n ON CONFLICT (stream_id, seq, hash) DO NOTHING",
            &[&nos, &seqs, &hashes, &bytes, &commit.at_ms],
        )?;
    }
    Ok(())
}

pub(super) fn version_cell(version: FeedVersion) -> i64 {
    i64::try_from(version.0).unwrap_or(i64::MAX)
}
