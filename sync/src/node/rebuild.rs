//! Giving entries back, and taking them back: a station's box or till that was replaced gets its journals from those
//! who hold them (R38).

use sync_proto::engine::SenderConfig;
use sync_proto::wire::{Batch, Fetch, Fetched, HeldStream, ListStreams, Outcome, STREAMS_MAX, StreamList};
use sync_proto::{Origin, Role, Seq, StreamId};

use super::{Node, NodeError};
use crate::peer::Peer;
use crate::store::{Store, StreamRow};

impl<S: Store> Node<S> {
    /// The streams that a peer may have back, in the order of their ids.
    pub(super) fn list_streams(&mut self, peer: &Peer, asked: &ListStreams) -> Result<StreamList, NodeError> {
        let mut streams: Vec<HeldStream> = self
            .store
            .streams()?
            .into_iter()
            .filter(|row| row.origin.station == peer.station && peer.may_have_back(&row.origin))
            .filter(|row| asked.after.is_none_or(|after| row.id > after))
            .map(|row| HeldStream {
                stream: row.id,
                role: row.origin.role,
                terminal: row.origin.terminal,
                through: row.head.seq,
            })
            .collect();
        streams.sort_by_key(|held| held.stream);
        let more = streams.len() > STREAMS_MAX;
        streams.truncate(STREAMS_MAX);
        Ok(StreamList { streams, more })
    }

    /// Entries of one of them; `None` also when the peer may not have them, which is not told.
    pub(super) fn give_back(&mut self, peer: &Peer, asked: &Fetch) -> Result<Fetched, NodeError> {
        let held = self.store.stream(&asked.stream)?;
        let may =
            held.is_some_and(|row| row.origin.station == peer.station && peer.may_have_back(&row.origin));
        let batch = if may && asked.from > Seq::NONE {
            self.batch(asked.stream, asked.from, &SenderConfig::STANDARD)?
        } else {
            None
        };
        Ok(Fetched { batch })
    }

    /// From where on this node wants a stream that upstream holds; `None` when it lacks nothing of it. The present
    /// life of its own journal is never taken from elsewhere, and of an earlier one only what simply goes on.
    pub fn wanted_from(&mut self, held: &HeldStream) -> Result<Option<Seq>, NodeError> {
        if held.stream == self.own || self.cuts.contains_key(&held.stream) {
            return Ok(None);
        }
        let head = self.store.stream(&held.stream)?.map_or(Seq::NONE, |row| row.head.seq);
        Ok((head < held.through).then(|| head.next()))
    }

    /// Takes back entries that upstream gave, verified like any batch, and notes that `upstream` holds them. Returns how
    /// far the stream is held now; `None` when they do not go on where it ends here.
    pub fn take_back(
        &mut self,
        held: &HeldStream,
        batch: Batch,
        upstream: &str,
        now_ms: i64,
    ) -> Result<Option<Seq>, NodeError> {
        if batch.stream != held.stream {
            return Ok(None);
        }
        let origin = Origin {
            station: self.me.station.clone(),
            device: held.stream.device,
            role: held.role,
            terminal: held.terminal,
        };
        let fresh = self.store.stream(&held.stream)?.is_none();
        // Also of this very device it is an earlier life, which nobody here writes: the last stream that is marked as
        // this database's own is the one that a start goes on with.
        let row = fresh.then(|| StreamRow::new(held.stream, origin, false));
        let from = Peer {
            station: self.me.station.clone(),
            device: self.me.device,
            role: Role::Agent,
            terminal: None,
        };
        let Outcome::Accepted { through } = self.store_alone(&from, row, batch, now_ms) else {
            return Ok(None);
        };
        self.note_held(upstream, held.stream, through, now_ms)?;
        Ok(Some(through))
    }

    fn note_held(
        &mut self,
        upstream: &str,
        stream: StreamId,
        through: Seq,
        now_ms: i64,
    ) -> Result<(), NodeError> {
        if self.store.ack(upstream, &stream)? < through {
            self.keep_ack(upstream, stream, through, now_ms)
        } else {
            Ok(())
        }
    }
}
