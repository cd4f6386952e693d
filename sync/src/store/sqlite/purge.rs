//! Deleting what may go (R33).

use rusqlite::{Connection, TransactionBehavior, params};
use sync_proto::{Seq, StreamId};

use super::super::StoreError;
use super::read::{self, seq_cell};

pub(super) fn purge(connection: &mut Connection, id: &StreamId, through: Seq) -> Result<u64, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (Some(row), Some(stream_no)) = (read::stream(&transaction, id)?, read::stream_no(&transaction, id)?)
    else {
        return Ok(0);
    };
    let through = through.min(Seq(row.head.seq.0.saturating_sub(1)));
    if through <= row.purged.seq {
        return Ok(0);
    }
    let Some(hash) = read::hash_at(&transaction, id, through)? else { return Ok(0) };
    // First how far, then the entries: the trigger lets go of nothing beyond it.
    transaction
        .prepare_cached("UPDATE streams SET purged_through = $1, purged_hash = $2 WHERE stream_id = $3")?
        .execute(params![seq_cell(through), hash.0, stream_no])?;
    let gone = transaction
        .prepare_cached("DELETE FROM entries WHERE stream_id = $1 AND seq <= $2")?
        .execute(params![stream_no, seq_cell(through)])?;
    transaction.commit()?;
    Ok(u64::try_from(gone).unwrap_or(u64::MAX))
}
