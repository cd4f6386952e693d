//! Putting back what an audit missed (R29).

use sync::StoreError;
use sync::store::Commit;
use sync_proto::Entry;

use super::super::column::get;
use super::super::read::seq_cell;
use super::super::session::Session;

/// Puts entries in their places again; what stands there now is kept in `mended`.
pub(super) fn write(session: &mut Session, commit: &Commit) -> Result<(), StoreError> {
    if commit.mend.is_empty() {
        return Ok(());
    }
    let nos = super::stream_nos(session, commit.mend.iter().map(|entry| entry.key.stream))?;
    // Places are given out under this lock, so a free one stays free.
    session.query(super::LOCK_PLACES, &[])?;
    for (entry, stream_no) in commit.mend.iter().zip(nos) {
        put_back(session, stream_no, entry, commit.at_ms)?;
    }
    Ok(())
}

fn put_back(session: &mut Session, stream_no: i64, entry: &Entry, at_ms: i64) -> Result<(), StoreError> {
    let (seq, hash, bytes) = (seq_cell(entry.key.seq), &entry.hash.0[..], entry.bytes.as_slice());
    let found = session.query_opt(
        "SELECT pos, hash = $3 AND bytes = $4 FROM entries WHERE stream_id = $1 AND seq = $2 FOR UPDATE",
        &[&stream_no, &seq, &hash, &bytes],
    )?;
    let pos: i64 = match found {
        Some(row) if get::<bool>(&row, 1)? => return Ok(()),
        Some(row) => get(&row, 0)?,
        None => free_place(session, stream_no, seq)?,
    };
    session.execute(
        "INSERT INTO mended (stream_id, seq, at_ms, open, hash, bytes) \
         SELECT $1, $2, $3, 1, e.hash, e.bytes FROM (SELECT 1) AS one \
         LEFT JOIN entries e ON e.stream_id = $1 AND e.seq = $2",
        &[&stream_no, &seq, &at_ms],
    )?;
    session.execute("DELETE FROM entries WHERE stream_id = $1 AND seq = $2", &[&stream_no, &seq])?;
    session.execute(
        "INSERT INTO entries (pos, stream_id, seq, hash, received_at_ms, bytes) VALUES ($1, $2, $3, $4, $5, $6)",
        &[&pos, &stream_no, &seq, &hash, &at_ms, &bytes],
    )?;
    session.execute(
        "UPDATE mended SET open = 0 WHERE stream_id = $1 AND seq = $2 AND open = 1",
        &[&stream_no, &seq],
    )?;
    Ok(())
}

/// The first free place between its neighbours: consumers that read in the order of places have read past it, as they
/// had before it went missing. Without one, a new place at the end.
fn free_place(session: &mut Session, stream_no: i64, seq: i64) -> Result<i64, StoreError> {
    let row = session.query_opt(
        "WITH near AS (SELECT \
             coalesce((SELECT pos FROM entries WHERE stream_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT 1), 0) AS low, \
             coalesce((SELECT pos FROM entries WHERE stream_id = $1 AND seq > $2 ORDER BY seq LIMIT 1), \
                      (SELECT max(pos) FROM entries), 1) AS high) \
         SELECT coalesce( \
             (SELECT p.pos + 1 FROM (SELECT low AS pos FROM near UNION ALL \
                                     SELECT e.pos FROM entries e, near WHERE e.pos > low AND e.pos < high) AS p, near \
              WHERE p.pos + 1 < high AND NOT EXISTS (SELECT 1 FROM entries e WHERE e.pos = p.pos + 1) \
              ORDER BY p.pos LIMIT 1), \
             nextval(pg_get_serial_sequence('entries', 'pos')))",
        &[&stream_no, &seq],
    )?;
    match row {
        Some(row) => get(&row, 0),
        None => Err(StoreError::Damaged("the database names no free place".to_owned())),
    }
}
