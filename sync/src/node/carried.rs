//! What has not reached upstream: counted, carried in a file, taken from one, and left behind on purpose (R17).

use std::path::Path;

use sync_proto::devices::Device;
use sync_proto::engine::SenderConfig;
use sync_proto::fact::{Fact, PendingAct, PendingOverridden};
use sync_proto::wire::{Message, Outcome, RefusalCode, Reply, WireError};
use sync_proto::{DeviceId, Role, Seq, Stamp, StationCode, StreamId, TerminalNo};

use super::{Beside, Draft, Incoming, Node, NodeError};
use crate::carry::{
    CARRIED_LEN_MAX, Carried, CarryError, Head, Imported, REASON_CHARS_MAX, Unsent, malformed,
};
use crate::peer::Peer;
use crate::store::Store;

/// How to leave with entries pending.
#[derive(Debug, Clone, Copy)]
pub struct GoOn<'a> {
    /// Why, for the record.
    pub why: &'a str,
    /// Where they are exported to first; there must be no such file yet.
    pub file: &'a Path,
}

impl<S: Store> Node<S> {
    /// What `upstream` does not hold of the journals here: of `device`'s, or of all.
    pub fn unsent(&mut self, upstream: &str, device: Option<DeviceId>) -> Result<Unsent, NodeError> {
        let mut unsent = Unsent::default();
        for each in self.outbox(upstream)? {
            if each.head <= each.acked || device.is_some_and(|device| device != each.stream.device) {
                continue;
            }
            unsent.count = unsent.count.saturating_add(each.head.0.saturating_sub(each.acked.0));
            let oldest = self.written_at_ms(&each.stream, each.acked.next())?;
            unsent.oldest_at_ms = match (unsent.oldest_at_ms, oldest) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
        Ok(unsent)
    }

    /// The same entries, to be carried.
    ///
    /// # Errors
    /// They are too long for a file, or the journal does not answer.
    pub fn export_unsent(
        &mut self,
        upstream: &str,
        device: Option<DeviceId>,
        now_ms: i64,
    ) -> Result<Carried, CarryError> {
        let (mut batches, mut entries, mut len) = (Vec::new(), 0_u64, 0_usize);
        for each in self.outbox(upstream)? {
            if device.is_some_and(|device| device != each.stream.device) {
                continue;
            }
            let mut from = each.acked.next();
            while from <= each.head {
                let Some(batch) = self.batch(each.stream, from, &SenderConfig::STANDARD)? else { break };
                from = batch.to().next();
                entries = entries.saturating_add(u64::from(batch.count));
                let bytes = Message::Batch(batch).encode();
                len = len.saturating_add(bytes.len());
                if len > CARRIED_LEN_MAX {
                    return Err(CarryError::TooLong);
                }
                batches.push((each.stream, bytes));
            }
        }
        let me = self.me();
        let head = Head { station: me.station.clone(), device: me.device, at_ms: now_ms, entries };
        Ok(Carried { head, batches })
    }

    /// Takes in what was carried here. Doing it twice does no harm. Journals of devices that nobody enrolled are refused.
    ///
    /// # Errors
    /// It is of another station, or of an unknown device; nothing was taken then. Or the journal does not answer.
    pub fn take_carried(&mut self, carried: &Carried, now_ms: i64) -> Result<Imported, CarryError> {
        let Head { station, device, .. } = &carried.head;
        if self.me().role != Role::Hq && self.me().station != *station {
            return Err(CarryError::OtherStation(station.clone()));
        }
        // The journal of who wrote the file comes first: an agent's says whom it enrolled.
        let (own, others): (Vec<_>, Vec<_>) =
            carried.batches.iter().partition(|(stream, _)| stream.device == *device);
        let mut imported = Imported::default();
        for (place, (stream, bytes)) in own.into_iter().chain(others).enumerate() {
            match self.writer_of(stream, station) {
                Ok(peer) => self.take_batch(&peer, stream, bytes, &mut imported, now_ms)?,
                Err(CarryError::UnknownDevice(device)) if place > 0 => {
                    tracing::warn!(%device, "a carried batch is of a device that was never enrolled here");
                    imported.refused = imported.refused.saturating_add(1);
                }
                Err(why) => return Err(why),
            }
        }
        Ok(imported)
    }

    fn take_batch(
        &mut self,
        peer: &Peer,
        stream: &StreamId,
        bytes: &[u8],
        imported: &mut Imported,
        now_ms: i64,
    ) -> Result<(), CarryError> {
        let unread = |why: WireError| malformed(&why.to_string());
        let before = self.head_of(stream)?;
        let incoming = Incoming::open(peer, bytes).map_err(unread)?;
        let count = u64::try_from(incoming.entry_count()).unwrap_or(u64::MAX);
        let reply = self.answer(incoming, "", now_ms).map_err(unread)?;
        let stored = self.head_of(stream)?.0.saturating_sub(before.0);
        match outcome(&reply).map_err(unread)? {
            Outcome::Accepted { .. } | Outcome::Duplicate { .. } => {
                imported.stored = imported.stored.saturating_add(stored);
                imported.known = imported.known.saturating_add(count.saturating_sub(stored));
            }
            Outcome::Refused { code: RefusalCode::Forked } => {
                imported.forked = imported.forked.saturating_add(1);
            }
            other => {
                tracing::warn!(?stream, ?other, "a carried batch was not taken");
                imported.refused = imported.refused.saturating_add(1);
            }
        }
        Ok(())
    }

    /// Notes who went on although entries were pending, and why, in this journal.
    ///
    /// # Errors
    /// The reason cannot be used, or the journal does not take it.
    pub fn override_pending(&mut self, over: PendingOverridden, now: Stamp) -> Result<(), CarryError> {
        let why = over.why.trim().to_owned();
        if why.is_empty() || why.chars().count() > REASON_CHARS_MAX || why.chars().any(char::is_control) {
            return Err(CarryError::BadReason);
        }
        let over = PendingOverridden { why, ..over };
        tracing::warn!(device = %over.device, pending = over.pending, by = over.by, "gone on with entries pending");
        self.record(now, None, &[Draft::new(Fact::PendingOverridden(over))], Beside::default())?;
        Ok(())
    }

    /// This device may leave its station: nothing is pending at `upstream`, or somebody goes on all the same. That is
    /// noted, then everything that `upstream` lacks is exported, the note too. Returns how many entries the file holds.
    ///
    /// # Errors
    /// Entries are pending, or there is no file of them; the device stays.
    pub fn may_leave(
        &mut self,
        upstream: &str,
        go_on: Option<GoOn<'_>>,
        now: Stamp,
    ) -> Result<Option<u64>, CarryError> {
        let pending = self.unsent(upstream, None)?.count;
        if pending == 0 {
            return Ok(None);
        }
        let GoOn { why, file } = go_on.ok_or(CarryError::Pending(pending))?;
        let me = self.me();
        let over = PendingOverridden {
            device: me.device,
            station: me.station.clone(),
            act: PendingAct::Leave,
            pending,
            by: "command".to_owned(),
            why: why.to_owned(),
        };
        self.override_pending(over, now)?;
        let carried = self.export_unsent(upstream, None, now.wall_ms)?;
        carried.write(file)?;
        // Read back before anything is given up for it.
        if Carried::read(file)? != carried {
            return Err(CarryError::Damaged);
        }
        Ok(Some(carried.entry_count()))
    }

    fn head_of(&mut self, stream: &StreamId) -> Result<Seq, NodeError> {
        Ok(self.store().stream(stream)?.map_or(Seq::NONE, |row| row.head.seq))
    }

    /// Who the register says wrote a stream; only such entries are taken from a file.
    fn writer_of(&mut self, stream: &StreamId, station: &StationCode) -> Result<Peer, CarryError> {
        let unknown = || CarryError::UnknownDevice(stream.device);
        let row: Device = self.get(&Device::key(stream.device.to_hex()))?.ok_or_else(unknown)?;
        let role = match row.role.as_str() {
            "agent" => Role::Agent,
            "terminal" => Role::Terminal,
            _ => return Err(unknown()),
        };
        if row.station != station.as_str() {
            return Err(unknown());
        }
        let terminal = row.terminal.and_then(|number| u16::try_from(number).ok()).map(TerminalNo);
        Ok(Peer { station: station.clone(), device: stream.device, role, terminal })
    }
}

fn outcome(reply: &[u8]) -> Result<Outcome, WireError> {
    match Reply::decode(reply)? {
        Reply::Receipt(receipt) => Ok(receipt.outcome),
        _ => Err(WireError::Value("reply")),
    }
}
