//! `receive(peer, bytes) -> reply`: the one way in, whichever link the bytes came over.

use sync_proto::fact::FeedScope;
use sync_proto::wire::{Credit, Hello, HelloAnswer, Message, ProgressAnswer, Reply, WireError};
use sync_proto::{ChainHash, Decoded, Entry, Envelope, Fact, Origin, Role, Seq, StreamId};

use super::incoming::{Content, Incoming};
use super::{Node, NodeError};
use crate::peer::Peer;
use crate::store::Store;

impl<S: Store> Node<S> {
    /// Answers one message of a peer. Whatever the bytes are, the answer is either a reply or a typed error,
    /// and what was stored is stored whole.
    ///
    /// `upstream` is the name of this node's own upstream, for progress questions.
    pub fn receive(
        &mut self,
        peer: &Peer,
        bytes: &[u8],
        upstream: &str,
        now_ms: i64,
    ) -> Result<Vec<u8>, WireError> {
        self.answer(Incoming::open(peer, bytes)?, upstream, now_ms)
    }

    /// The same for a message that was opened elsewhere.
    pub fn answer(&mut self, incoming: Incoming, upstream: &str, now_ms: i64) -> Result<Vec<u8>, WireError> {
        let peer = &incoming.peer;
        let reply = match incoming.content {
            Content::Other(Message::Hello(hello)) => Reply::Hello(self.on_hello(peer, &hello)),
            Content::Other(Message::Pull(pull)) => {
                Reply::Pull(self.for_puller(peer, &pull.scope, |node| node.answer_pull(&pull, now_ms))?)
            }
            Content::Other(Message::Part(ask)) => {
                Reply::Part(self.for_puller(peer, &ask.scope, |node| node.answer_part(&ask))?)
            }
            Content::Other(Message::Check(check)) => {
                Reply::Check(self.for_puller(peer, &check.scope, |node| node.answer_check(&check))?)
            }
            Content::Other(Message::Progress(progress)) => {
                if !peer.may_send(&progress.stream) {
                    return Err(WireError::Value("stream"));
                }
                Reply::Progress(self.on_progress(peer, &progress.stream, upstream))
            }
            Content::Other(Message::ListStreams(asked)) => {
                Reply::Streams(self.list_streams(peer, &asked).map_err(|why| unread(&why))?)
            }
            Content::Other(Message::Fetch(asked)) => {
                Reply::Fetched(self.give_back(peer, &asked).map_err(|why| unread(&why))?)
            }
            Content::Other(Message::Audit(asked)) => {
                Reply::Audit(self.answer_audit(peer, &asked).map_err(|why| unread(&why))?)
            }
            Content::Other(Message::Mend(batch)) => {
                Reply::Mended(self.put_back(peer, &batch, now_ms).map_err(|why| unread(&why))?)
            }
            Content::Batch(_) | Content::Other(Message::Batch(_)) => {
                let receipt = self.answer_batches(vec![incoming], now_ms).pop().flatten();
                Reply::Receipt(receipt.ok_or(WireError::Value("batch"))?)
            }
        };
        Ok(reply.encode())
    }

    /// An answer about a feed, for a peer that may read it.
    fn for_puller<T>(
        &mut self,
        peer: &Peer,
        scope: &FeedScope,
        answer: impl FnOnce(&mut Self) -> Result<T, NodeError>,
    ) -> Result<T, WireError> {
        if !peer.may_pull(scope) {
            return Err(WireError::Value("scope"));
        }
        answer(self).map_err(|why| {
            tracing::error!(%why, scope = scope.to_text(), "a feed could not be read");
            WireError::Value("scope")
        })
    }

    /// Answers a hello, with all the credit there is.
    pub fn on_hello(&mut self, peer: &Peer, hello: &Hello) -> HelloAnswer {
        let (stream, last) = (hello.stream, hello.last);
        let genesis = ChainHash::genesis(&stream);
        let (through, last_hash, credit) = (Seq::NONE, None, Credit::FULL);
        let nothing = HelloAnswer { stream, through, hash: genesis, last, last_hash, credit };
        if !peer.may_send(&stream) {
            return nothing;
        }
        match self.store.stream(&stream) {
            Ok(Some(row)) if row.origin.station == peer.station => HelloAnswer {
                through: row.head.seq,
                hash: row.head.hash,
                last_hash: self.chain_at(stream, last).ok().flatten(),
                ..nothing
            },
            _ => nothing,
        }
    }

    fn on_progress(&mut self, peer: &Peer, stream: &StreamId, upstream: &str) -> ProgressAnswer {
        let known = self.store.stream(stream).ok().flatten().filter(|row| row.origin.station == peer.station);
        let through = known.map_or(Seq::NONE, |row| row.head.seq);
        let upstream_through = if through == Seq::NONE {
            Seq::NONE
        } else {
            self.store.ack(upstream, stream).unwrap_or_default()
        };
        ProgressAnswer { stream: *stream, through, upstream_through }
    }
}

fn unread(why: &NodeError) -> WireError {
    tracing::error!(%why, "journals could not be read for a peer");
    WireError::Value("stream")
}

/// Who writes a stream that is new here: its first entry says so, and the link's peer must bear it out.
pub(super) fn introduced_by(peer: &Peer, first: Option<&Entry>) -> Option<Origin> {
    let first = first.filter(|entry| entry.key.seq == Seq(1))?;
    let Ok(Decoded::Known(envelope)) = Envelope::decode(&first.bytes) else { return None };
    let Fact::StreamOpened(opened) = envelope.fact else { return None };
    let device = first.key.stream.device;
    let borne_out = if device == peer.device {
        opened.role == peer.role && opened.terminal == peer.terminal
    } else {
        // An agent forwards its tills' journals, and nobody else's.
        opened.role == Role::Terminal && opened.terminal.is_some()
    };
    (opened.station == peer.station && borne_out).then_some(Origin {
        station: opened.station,
        device,
        role: opened.role,
        terminal: opened.terminal,
    })
}
