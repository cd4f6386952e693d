//! What stations send: bytes of a proven peer go to the journal's one `receive`, whichever link they came by.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use sync::link::StateReport;
use sync::{Clock, Peer};
use sync_proto::{DeviceId, Role};

use crate::stations::Presence;
use crate::store::HqWriter;

/// Longest state report; a real one has a hundred bytes.
const STATE_LEN_MAX: usize = 1_024;

/// The way in for stations' messages.
#[derive(Debug, Clone)]
pub struct Ingest {
    writer: Arc<RwLock<Option<HqWriter>>>,
    clock: Clock,
    presence: Presence,
    garbage: Arc<Garbage>,
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
        Self { writer: Arc::new(RwLock::new(Some(writer))), clock, presence, garbage: Arc::default() }
    }

    /// Answers one message. When this returns a reply, what it acknowledges is durable.
    pub async fn receive(
        &self,
        peer: &Peer,
        bytes: impl AsRef<[u8]> + Send + 'static,
    ) -> Result<Vec<u8>, IngestError> {
        let writer = self.writer.read().ok().and_then(|writer| writer.clone()).ok_or(IngestError::Closed)?;
        let now_ms = self.clock.wall_ms();
        self.heard(peer, now_ms);
        let from = peer.clone();
        let reply = writer.run(move |node| node.receive(&from, bytes.as_ref(), "", now_ms)).await;
        match reply {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(why)) => {
                self.count_garbage(peer, &why.to_string());
                Err(IngestError::Garbage)
            }
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
