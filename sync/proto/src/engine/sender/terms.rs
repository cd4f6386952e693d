//! What goes into a sender and what comes out of it.

use crate::entry::StreamId;
use crate::hash::ChainHash;
use crate::ids::Seq;
use crate::wire::Outcome;

/// Limits and times of a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderConfig {
    /// Batches in flight on a stream (R15).
    pub in_flight_max: usize,
    /// Bytes in flight over all streams (R15).
    pub in_flight_len_max: usize,
    /// Entries asked of the store for one batch.
    pub batch_entries_max: u32,
    /// Bytes of entries in one batch, before compression.
    pub batch_len_max: usize,
    /// A reply later than this counts as lost.
    pub reply_within_ms: i64,
    /// First wait after a failure; doubles up to `retry_max_ms`, with full jitter (R30).
    pub retry_min_ms: i64,
    /// Longest wait after a failure.
    pub retry_max_ms: i64,
    /// Wait after a refusal that trying again will hardly mend.
    pub refused_retry_ms: i64,
}

impl SenderConfig {
    /// The product's values.
    pub const STANDARD: Self = Self {
        in_flight_max: 4,
        in_flight_len_max: 1024 * 1024,
        batch_entries_max: 500,
        batch_len_max: 192 * 1024,
        reply_within_ms: 5_000,
        retry_min_ms: 200,
        retry_max_ms: 10_000,
        refused_retry_ms: 30_000,
    };
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// Where the database stands with a stream. It is the truth: an acknowledgement that could not be kept
    /// (a full disk) is asked for again.
    Head {
        /// Which stream.
        stream: StreamId,
        /// Its last place.
        head: Seq,
        /// What is kept as acknowledged by upstream.
        acked: Seq,
    },
    /// The link came up: what waits for a retry need not wait longer.
    LinkUp,
    /// The driver sent what [`Command::Send`] asked for.
    Sent {
        /// Which stream.
        stream: StreamId,
        /// Last place in the batch.
        to: Seq,
        /// Bytes on the wire.
        len: usize,
    },
    /// The receiver told where it stands.
    Greeted {
        /// Which stream.
        stream: StreamId,
        /// It holds this much.
        through: Seq,
        /// With this chain.
        hash: ChainHash,
        /// The chain that we hold at `through`, if we hold that place.
        local_hash: Option<ChainHash>,
    },
    /// The receiver's reply to a batch.
    Replied {
        /// Which stream.
        stream: StreamId,
        /// What it said.
        outcome: Outcome,
    },
    /// A request failed on the way, or its reply was not readable.
    Failed {
        /// Which stream.
        stream: StreamId,
    },
    /// Time passed.
    Tick,
}

/// What the driver has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Send a hello for the stream.
    Greet {
        /// Which stream.
        stream: StreamId,
    },
    /// Load entries from `from`, within the limits, send them, and say [`Input::Sent`].
    Send {
        /// Which stream.
        stream: StreamId,
        /// First place.
        from: Seq,
    },
    /// Keep that upstream holds the stream durably up to `through` (may be lower than before, R11).
    Keep {
        /// Which stream.
        stream: StreamId,
        /// High-water mark.
        through: Seq,
    },
    /// Upstream holds more of our stream than we do: our database is an old copy (R4).
    UpstreamAhead {
        /// Which stream.
        stream: StreamId,
        /// It holds this much.
        through: Seq,
    },
    /// Upstream holds another chain under our keys (R5), or refused the stream.
    Alarm {
        /// Which stream.
        stream: StreamId,
        /// What upstream said, if it was a refusal.
        outcome: Option<Outcome>,
    },
}
