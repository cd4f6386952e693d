//! Deleting what may go (R33).

use sync::StoreError;
use sync_proto::{Seq, StreamId};

use super::read::{self, seq_cell};
use super::session::Session;

/// Safe to ask again: what went before is gone, and the rest goes.
pub(super) fn purge(session: &mut Session, id: &StreamId, through: Seq) -> Result<u64, StoreError> {
    session.run("BEGIN")?;
    match delete(session, id, through) {
        Ok(gone) => session.run("COMMIT").map(|()| gone),
        Err(why) => {
            if !super::is_lost(&why) {
                session.run("ROLLBACK")?;
            }
            Err(why)
        }
    }
}

fn delete(session: &mut Session, id: &StreamId, through: Seq) -> Result<u64, StoreError> {
    let (device, incarnation) = (&id.device.0[..], &id.incarnation.0[..]);
    let locked = session.query_opt(
        "SELECT stream_id, head_seq, purged_through FROM streams WHERE device = $1 AND incarnation = $2 FOR UPDATE",
        &[&device, &incarnation],
    )?;
    let Some(row) = locked else { return Ok(0) };
    let stream_no: i64 = super::column::get(&row, 0)?;
    let head: i64 = super::column::get(&row, 1)?;
    let purged: i64 = super::column::get(&row, 2)?;
    let through_cell = seq_cell(through).min(head.saturating_sub(1));
    if through_cell <= purged {
        return Ok(0);
    }
    let Some(hash) = read::hash_at(session, id, read::seq_of(through_cell)?)? else { return Ok(0) };
    // First how far, then the entries: the trigger lets go of nothing beyond it.
    session.execute(
        "UPDATE streams SET purged_through = $1, purged_hash = $2 WHERE stream_id = $3",
        &[&through_cell, &&hash.0[..], &stream_no],
    )?;
    session.execute("DELETE FROM entries WHERE stream_id = $1 AND seq <= $2", &[&stream_no, &through_cell])
}
