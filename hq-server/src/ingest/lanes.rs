//! The two lanes: how many messages are open at once, and who waits for whom.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use sync::device::random_16;
use sync::writer::BatchAnswer;
use sync::{Clock, Peer};
use sync_proto::StreamId;
use sync_proto::wire::{Credit, Heading, HelloAnswer, Outcome, Reply};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::IngestError;
use super::drains::{DRAIN_OPEN_MAX, Drains, LIVE_ENTRIES_MAX};

/// Short messages that are open at once: each is some kilobytes, and its work a millisecond.
const LIVE_OPEN_MAX: usize = 32;

/// A batch of few entries that is longer than this is as much work as many of them.
const LIVE_LEN_MAX: usize = 16 * 1_024;

/// Between two lines in the log about backlogs that wait.
const TELL_EVERY_MS: i64 = 10_000;

/// Where messages wait to be opened.
#[derive(Debug, Clone)]
pub(super) struct Lanes {
    clock: Clock,
    live: Arc<Semaphore>,
    long: Arc<Semaphore>,
    drains: Arc<Mutex<Drains>>,
    /// When it was last told that backlogs wait.
    told_ms: Arc<AtomicI64>,
}

/// A message's place among those that are open, given back when this is dropped.
#[derive(Debug)]
pub struct Leave {
    _permit: OwnedSemaphorePermit,
    since_ms: i64,
    lanes: Lanes,
    _drain: Option<InWork>,
}

/// A long batch until it is answered, or nobody waits for that any more.
#[derive(Debug)]
struct InWork {
    stream: StreamId,
    lanes: Lanes,
}

impl Drop for InWork {
    fn drop(&mut self) {
        if let Ok(mut drains) = self.lanes.drains.lock() {
            drains.done(&self.stream, self.lanes.clock.mono_ms());
        }
    }
}

impl Lanes {
    pub(super) fn new(clock: Clock) -> Self {
        // Without a random number waits are spread all the same, only as at the last start.
        let seed =
            random_16().ok().and_then(|bytes| bytes.first_chunk().copied()).map_or(1, u64::from_be_bytes);
        Self {
            clock,
            live: Arc::new(Semaphore::new(LIVE_OPEN_MAX)),
            long: Arc::new(Semaphore::new(DRAIN_OPEN_MAX)),
            drains: Arc::new(Mutex::new(Drains::new(seed))),
            told_ms: Arc::new(AtomicI64::new(-TELL_EVERY_MS)),
        }
    }

    /// Waits until a message may be opened; a batch of `batch` if it is one.
    ///
    /// Errors with the milliseconds after which a backlog's batch may come again.
    pub(super) async fn enter(&self, peer: &Peer, batch: Option<Heading>, len: usize) -> Result<Leave, u32> {
        let since_ms = self.clock.mono_ms();
        let long = batch.filter(|batch| u64::from(batch.count) > LIVE_ENTRIES_MAX || len > LIVE_LEN_MAX);
        if let (Some(batch), Ok(mut drains)) = (long, self.drains.lock()) {
            drains.on_batch(peer.device, batch.stream, batch.to, batch.count.into(), since_ms)?;
        }
        let drain = long.map(|batch| InWork { stream: batch.stream, lanes: self.clone() });
        let lane = if drain.is_some() { &self.long } else { &self.live };
        // Nobody closes the lanes: the error cannot be, and is a wait like any other.
        let permit = Arc::clone(lane).acquire_owned().await.map_err(|_| 1_000u32)?;
        Ok(Leave { _permit: permit, since_ms, lanes: self.clone(), _drain: drain })
    }

    /// Streams that drain, and those that wait to.
    pub(super) fn backlogs(&self) -> (usize, usize) {
        self.drains.lock().map(|drains| drains.counts()).unwrap_or_default()
    }

    /// What may be sent of a stream that told where it stands.
    pub(super) fn on_hello(&self, peer: &Peer, answer: &HelloAnswer) -> Credit {
        let Ok(mut drains) = self.drains.lock() else { return Credit::ONE };
        let now_ms = self.clock.mono_ms();
        let credit = drains.on_hello(peer.device, answer.stream, answer.last, answer.through, now_ms);
        let (draining, waiting) = drains.counts();
        drop(drains);
        let told_ms = self.told_ms.load(Ordering::Relaxed);
        if waiting > 0 && now_ms.saturating_sub(told_ms) >= TELL_EVERY_MS {
            self.told_ms.store(now_ms, Ordering::Relaxed);
            tracing::info!(
                draining,
                waiting,
                "stations send their backlogs in turn; fresh sales go past them"
            );
        }
        credit
    }
}

impl Leave {
    /// What may be sent of a stream after this message of it.
    fn credit_after(&self, stream: &StreamId, outcome: Outcome, credit: Credit) -> Credit {
        let (Outcome::Accepted { through } | Outcome::Duplicate { through }) = outcome else { return credit };
        let Ok(mut drains) = self.lanes.drains.lock() else { return Credit::ONE };
        let now_ms = self.lanes.clock.mono_ms();
        drains.on_commit(stream, through, now_ms.saturating_sub(self.since_ms), now_ms)
    }
}

/// A message that was taken in.
#[derive(Debug)]
pub enum Accepted {
    /// Its reply is there.
    Answered(Vec<u8>),
    /// Its reply comes with a commit.
    Waiting {
        /// The reply on its way.
        answer: BatchAnswer,
        /// Its place among the messages that are open.
        leave: Leave,
    },
}

impl Accepted {
    /// The reply, once what it acknowledges is durable.
    pub async fn reply(self) -> Result<Vec<u8>, IngestError> {
        match self {
            Self::Answered(reply) => Ok(reply),
            Self::Waiting { answer, leave } => match answer.receipt().await {
                Ok(Some(mut receipt)) => {
                    receipt.credit = leave.credit_after(&receipt.stream, receipt.outcome, receipt.credit);
                    Ok(Reply::Receipt(receipt).encode())
                }
                Ok(None) | Err(_) => Err(IngestError::Closed),
            },
        }
    }
}
