//! Audits of what upstream acknowledged, and what they missed put back (R29).

use sync_proto::engine::SenderConfig;
use sync_proto::engine::audit::{Audited, Range, inspect, is_proven};
use sync_proto::envelope::SCHEMA_VERSION;
use sync_proto::wire::{Audit, AuditAnswer, Batch, Credit, Finding, Outcome, Receipt, RefusalCode};
use sync_proto::{Entry, Seq, StreamId};

use super::incoming::chained;
use super::{Node, NodeError};
use crate::codec;
use crate::life::Note;
use crate::peer::Peer;
use crate::store::{Commit, Store};

impl<S: Store> Node<S> {
    /// Every stream that `upstream` acknowledged anything of.
    pub fn audited(&mut self, upstream: &str) -> Result<Vec<Audited>, NodeError> {
        let held = self.outbox(upstream)?;
        held.into_iter()
            .map(|each| {
                let floor = self.store.stream(&each.stream)?.map_or(Seq::NONE, |row| row.purged.seq);
                Ok(Audited { stream: each.stream, floor, acked: each.acked })
            })
            .collect()
    }

    /// The question about a range; `None` when this node does not hold all of it itself.
    pub fn audit(&mut self, range: &Range) -> Result<Option<Audit>, NodeError> {
        let Range { stream, from, to } = *range;
        let before = self.chain_at(stream, Seq(from.0.saturating_sub(1)))?;
        let (Some(prev_hash), Some(last_hash)) = (before, self.chain_at(stream, to)?) else {
            return Ok(None);
        };
        let audit = Audit { stream, from, to, prev_hash, last_hash };
        // A copy that is bad itself is no measure for another.
        let whole = inspect(&audit, &self.places(stream, from, to)?) == Finding::Whole;
        Ok(whole.then_some(audit))
    }

    /// The entries that an audit missed, as many as fit into a batch, the last ones: what stands behind them at the
    /// receiver proves them. `None` when they are not held here.
    pub fn mending(&mut self, stream: StreamId, from: Seq, to: Seq) -> Result<Option<Batch>, NodeError> {
        let limits = SenderConfig::STANDARD;
        let missed = self.places(stream, from, to)?;
        if missed.last().map(|entry| entry.key.seq) != Some(to) {
            return Ok(None);
        }
        let mut len = 0usize;
        let fits = |entry: &&Entry| {
            len = len.saturating_add(entry.bytes.len());
            len <= limits.batch_len_max
        };
        let most = usize::try_from(limits.batch_entries_max).unwrap_or(usize::MAX);
        let count = missed.iter().rev().take(most).take_while(fits).count().max(1);
        let part = missed.get(missed.len().saturating_sub(count)..).unwrap_or_default();
        let Some(first) = part.first() else { return Ok(None) };
        let before = self.chain_at(stream, Seq(first.key.seq.0.saturating_sub(1)))?;
        let pack = if limits.compressed { codec::pack } else { codec::frame };
        Ok(before.and_then(|prev_hash| pack(part, prev_hash, SCHEMA_VERSION)))
    }

    /// Looks whether a range is still here. Who may not send the stream learns nothing of it.
    pub(super) fn answer_audit(&mut self, peer: &Peer, audit: &Audit) -> Result<AuditAnswer, NodeError> {
        let answer = |finding| AuditAnswer { stream: audit.stream, finding };
        let held = self.store.stream(&audit.stream)?;
        let Some(row) = held.filter(|row| row.origin.station == peer.station && peer.may_send(&row.id))
        else {
            return Ok(answer(Finding::OutOfReach));
        };
        if audit.to > row.head.seq || audit.from <= row.purged.seq {
            return Ok(answer(Finding::OutOfReach));
        }
        let finding = inspect(audit, &self.places(audit.stream, audit.from, audit.to)?);
        if let Finding::Bad { from, to } = finding {
            tracing::error!(stream = ?audit.stream, %from, %to, "entries of the journal are missing here or were altered; their writer sends them again");
        }
        Ok(answer(finding))
    }

    /// Puts entries back that are missing here or were altered. Taken only when what stands behind them was built on
    /// them. The books are left as they are: the entries were projected when they first came.
    pub(super) fn put_back(&mut self, peer: &Peer, batch: &Batch, now_ms: i64) -> Result<Receipt, NodeError> {
        let receipt = |outcome| Receipt { stream: batch.stream, outcome, credit: Credit::FULL };
        let refused = |code| receipt(Outcome::Refused { code });
        let held = self.store.stream(&batch.stream)?;
        let Some(row) = held.filter(|row| row.origin.station == peer.station && peer.may_send(&row.id))
        else {
            return Ok(refused(RefusalCode::Forbidden));
        };
        if row.own || batch.from <= row.purged.seq || batch.to() > row.head.seq {
            return Ok(refused(RefusalCode::Forbidden));
        }
        let Ok(entries) = chained(peer, batch) else { return Ok(refused(RefusalCode::Malformed)) };
        let head_after = (batch.to() == row.head.seq).then_some(row.head.hash);
        let behind = self.places(batch.stream, batch.to().next(), batch.to().next())?;
        if !is_proven(batch.last_hash, behind.first(), head_after) {
            return Ok(refused(RefusalCode::Forked));
        }
        let detail = format!(
            "entries {} to {} of device {} were missing or altered and were put back",
            batch.from,
            batch.to(),
            batch.stream.device
        );
        tracing::warn!(stream = ?batch.stream, detail, "an audit was mended");
        let rows = vec![Note::Audit.row(now_ms, false, detail)];
        self.commit(&Commit { at_ms: now_ms, mend: entries, rows, ..Commit::default() })?;
        Ok(receipt(Outcome::Accepted { through: batch.to() }))
    }

    /// Those of these places that are stored.
    fn places(&mut self, stream: StreamId, from: Seq, to: Seq) -> Result<Vec<Entry>, NodeError> {
        let count = u32::try_from(to.0.saturating_sub(from.0).saturating_add(1)).unwrap_or(u32::MAX);
        let mut rows = self.store.entries(&stream, from, count, usize::MAX)?;
        rows.retain(|row| row.key.seq <= to);
        Ok(rows)
    }
}
