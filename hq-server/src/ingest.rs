//! What stations send: bytes of a proven peer go to the journal's one `receive`, whichever link they came by.
//!
//! There are two lanes, so that a fresh sale never waits for somebody's backlog: long batches are [`drains`], which need
//! a place (R30); everything else, short batches, hellos and pulls, is live.

mod drains;
mod lanes;

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use sync::link::StateReport;
use sync::node::Incoming;
use sync::{Clock, Peer};
use sync_proto::wire::{Credit, Heading, Outcome, Receipt, Reply};
use sync_proto::{DeviceId, Role};

pub use lanes::Accepted;
use lanes::Lanes;

use crate::stations::Presence;
use crate::store::HqWriter;

/// Longest state report; a real one has a hundred bytes.
const STATE_LEN_MAX: usize = 16 * 1_024;

/// Longest body of a batch, as it travels, that is taken: half of what a connection may pin (R31), so that one can be
/// in work and another wait. A sender makes its batches smaller; those of sales are a tenth of this.
pub const BATCH_TAKEN_LEN_MAX: usize = 128 * 1_024;

/// A message up to this is opened where it arrived; a longer one on a thread that may take its time.
const OPEN_HERE_LEN_MAX: usize = 4 * 1_024;

/// The way in for stations' messages.
#[derive(Debug, Clone)]
pub struct Ingest {
    writer: Arc<RwLock<Option<HqWriter>>>,
    clock: Clock,
    presence: Presence,
    garbage: Arc<Garbage>,
    lanes: Lanes,
}

#[derive(Debug, Default)]
struct Garbage {
    count: AtomicU64,
    warned: Mutex<HashSet<DeviceId>>,
}

/// Why there is no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IngestError {
    /// The bytes are no message. They were counted; nothing was stored.
    #[error("the bytes are no message")]
    Garbage,
    /// The journal is closed; the station tries again.
    #[error("head office is shutting down")]
    Closed,
}

impl Ingest {
    /// Into the journal of `writer`.
    pub fn new(writer: HqWriter, clock: Clock, presence: Presence) -> Self {
        Self {
            writer: Arc::new(RwLock::new(Some(writer))),
            lanes: Lanes::new(clock.clone()),
            clock,
            presence,
            garbage: Arc::default(),
        }
    }

    /// Answers one message. When this returns a reply, what it acknowledges is durable.
    pub async fn receive(
        &self,
        peer: &Peer,
        bytes: impl AsRef<[u8]> + Send + 'static,
    ) -> Result<Vec<u8>, IngestError> {
        self.accept(peer, bytes).await?.reply().await
    }

    /// Takes one message in. What one caller hands in one after another is stored in that order, so the next may be
    /// handed in before this one's reply is there.
    pub async fn accept(
        &self,
        peer: &Peer,
        bytes: impl AsRef<[u8]> + Send + 'static,
    ) -> Result<Accepted, IngestError> {
        let writer = self.writer.read().ok().and_then(|writer| writer.clone()).ok_or(IngestError::Closed)?;
        let now_ms = self.clock.wall_ms();
        self.heard(peer, now_ms);
        let batch = Heading::peek(bytes.as_ref());
        if let Some(outcome) = batch.and_then(|_| too_large(bytes.as_ref())) {
            return Ok(answered(batch, outcome));
        }
        let leave = match self.lanes.enter(peer, batch, bytes.as_ref().len()).await {
            Ok(leave) => leave,
            Err(wait_ms) => return Ok(answered(batch, Outcome::SlowDown { wait_ms })),
        };
        let garbage = |why: &dyn std::fmt::Display| {
            self.count_garbage(peer, &why.to_string());
            IngestError::Garbage
        };
        let incoming = if bytes.as_ref().len() > OPEN_HERE_LEN_MAX {
            let from = peer.clone();
            let opening = tokio::task::spawn_blocking(move || Incoming::open(&from, bytes.as_ref()));
            opening.await.map_err(|_| IngestError::Closed)?
        } else {
            Incoming::open(peer, bytes.as_ref())
        };
        let incoming = incoming.map_err(|why| garbage(&why))?;
        if incoming.is_batch() {
            let answer = writer.hand_in(incoming, now_ms).await.map_err(|_gone| IngestError::Closed)?;
            return Ok(Accepted::Waiting { answer, leave });
        }
        if let Some(hello) = incoming.hello().copied() {
            let from = peer.clone();
            let answer = writer.look(move |node| node.on_hello(&from, &hello)).await;
            let mut answer = answer.map_err(|_gone| IngestError::Closed)?;
            answer.credit = self.lanes.on_hello(peer, &answer);
            return Ok(Accepted::Answered(Reply::Hello(answer).encode()));
        }
        match writer.run(move |node| node.answer(incoming, "", now_ms)).await {
            Ok(Ok(reply)) => Ok(Accepted::Answered(reply)),
            Ok(Err(why)) => Err(garbage(&why)),
            Err(_gone) => Err(IngestError::Closed),
        }
    }

    /// Takes note of what a station's agent says of itself.
    pub fn state(&self, peer: &Peer, bytes: &[u8]) {
        let now_ms = self.clock.wall_ms();
        self.heard(peer, now_ms);
        if bytes.len() > STATE_LEN_MAX {
            return self.count_garbage(peer, "the state report is too long");
        }
        match serde_json::from_slice::<StateReport>(bytes) {
            Ok(report) if peer.role == Role::Agent => self.presence.reported(&peer.station, &report, now_ms),
            Ok(_) => {}
            Err(why) => self.count_garbage(peer, &why.to_string()),
        }
    }

    /// A link of the peer opened or closed.
    pub fn link(&self, peer: &Peer, up: bool) {
        if peer.role == Role::Agent {
            let now_ms = self.clock.wall_ms();
            if up {
                self.presence.connected(&peer.station, now_ms);
            } else {
                self.presence.disconnected(&peer.station, now_ms);
            }
        }
    }

    /// Streams that send a backlog now, and those that wait for their turn.
    pub fn backlogs(&self) -> (usize, usize) {
        self.lanes.backlogs()
    }

    /// Messages that were none, since the program started.
    pub fn garbage_count(&self) -> u64 {
        self.garbage.count.load(Ordering::Relaxed)
    }

    /// Lets go of the journal: what comes later is not taken.
    pub fn close(&self) {
        if let Ok(mut writer) = self.writer.write() {
            *writer = None;
        }
    }

    fn heard(&self, peer: &Peer, now_ms: i64) {
        if peer.role == Role::Agent {
            self.presence.heard(&peer.station, now_ms);
        }
    }

    /// Counted always, told once per device: a broken device must not fill the log.
    fn count_garbage(&self, peer: &Peer, why: &str) {
        self.garbage.count.fetch_add(1, Ordering::Relaxed);
        let first = self.garbage.warned.lock().is_ok_and(|mut warned| warned.insert(peer.device));
        if first {
            tracing::warn!(station = %peer.station, device = %peer.device, why, "a device sends what is no message");
        }
    }
}

/// What a batch is answered that is longer than is taken.
fn too_large(bytes: &[u8]) -> Option<Outcome> {
    let len_max = u32::try_from(BATCH_TAKEN_LEN_MAX).unwrap_or(u32::MAX);
    (bytes.len() > BATCH_TAKEN_LEN_MAX).then_some(Outcome::TooLarge { len_max })
}

/// The reply to a batch that was not opened.
fn answered(batch: Option<Heading>, outcome: Outcome) -> Accepted {
    let receipt = batch.map(|batch| Receipt { stream: batch.stream, outcome, credit: Credit::ONE });
    Accepted::Answered(receipt.map(|receipt| Reply::Receipt(receipt).encode()).unwrap_or_default())
}
