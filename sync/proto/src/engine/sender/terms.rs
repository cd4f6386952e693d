//! What goes into a sender and what comes out of it.

use crate::entry::StreamId;
use crate::hash::ChainHash;
use crate::ids::Seq;
use crate::wire::{Credit, Outcome, Receipt};

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
    /// Whether the body of a batch is compressed: always, but where bytes cost nothing, in a simulator.
    pub compressed: bool,
    /// A reply later than this counts as lost.
    pub reply_within_ms: i64,
    /// First wait after a failure; doubles up to `retry_max_ms`, with full jitter. Retries beyond a tenth of what goes
    /// well wait the longest at once (R30).
    pub retry_min_ms: i64,
    /// Longest wait after a failure.
    pub retry_max_ms: i64,
    /// Wait after a refusal that trying again will hardly mend.
    pub refused_retry_ms: i64,
    /// A stream with nothing pending is compared with upstream this often: an upstream that was put back to an
    /// older copy is found and filled again without waiting for the next entry (R11, R12).
    pub verify_every_ms: i64,
    /// After the link came up the streams with nothing pending are compared within this, so that ten thousand
    /// stations do not all greet in the second in which head office is back (R30).
    pub verify_spread_ms: i64,
    /// A wait that upstream gives is never taken for longer than this.
    pub server_wait_ms_max: i64,
}

impl SenderConfig {
    /// The product's values.
    pub const STANDARD: Self = Self {
        in_flight_max: 4,
        in_flight_len_max: 1024 * 1024,
        batch_entries_max: 500,
        batch_len_max: 192 * 1024,
        compressed: true,
        reply_within_ms: 5_000,
        retry_min_ms: 200,
        retry_max_ms: 10_000,
        refused_retry_ms: 30_000,
        verify_every_ms: 600_000,
        verify_spread_ms: 5_000,
        server_wait_ms_max: 60_000,
    };
}

/// Whether two chains are one at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// The hash there is the same on both sides.
    Same,
    /// It is not.
    Different,
    /// One of the two does not hold that place.
    Unknown,
}

impl Agreement {
    /// Of two hashes, each there if its side holds the place.
    pub fn of(here: Option<ChainHash>, there: Option<ChainHash>) -> Self {
        match (here, there) {
            (Some(here), Some(there)) if here == there => Self::Same,
            (Some(_), Some(_)) => Self::Different,
            _ => Self::Unknown,
        }
    }
}

/// An answer to a hello, compared with the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Greeted {
    /// Which stream.
    pub stream: StreamId,
    /// Upstream holds this much.
    pub through: Seq,
    /// Whether its chain is ours at `through`.
    pub agrees: Agreement,
    /// The place that the hello named.
    pub last: Seq,
    /// Whether its chain is ours there.
    pub agrees_last: Agreement,
    /// What may be sent now.
    pub credit: Credit,
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
        /// Whether this device writes it, in its present life.
        own: bool,
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
    Greeted(Greeted),
    /// The receiver's reply to a batch.
    Replied(Receipt),
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
    /// Send a hello for the stream, with the chain at `at`.
    Greet {
        /// Which stream.
        stream: StreamId,
        /// The place that the hello names.
        at: Seq,
    },
    /// Load entries from `from`, within the limits, send them, and say [`Input::Sent`].
    Send {
        /// Which stream.
        stream: StreamId,
        /// First place.
        from: Seq,
        /// Most entries; fewer than the limits say after upstream found a batch too large.
        entries_max: u32,
    },
    /// Keep that upstream holds the stream durably up to `through` (may be lower than before, R11).
    Keep {
        /// Which stream.
        stream: StreamId,
        /// High-water mark.
        through: Seq,
    },
    /// Upstream holds more of our own stream than we do: our database is an old copy. Begin a new life (R4), and carry
    /// over into it what was recorded behind `agreed` while the hello was answered.
    UpstreamAhead {
        /// Which stream.
        stream: StreamId,
        /// It holds this much.
        through: Seq,
        /// Last place at which both chains are known to be one.
        agreed: Seq,
    },
    /// Upstream holds other entries under our own keys behind `common`: somebody else writes in this life too, or
    /// the database was put back to an older copy and written on. Begin a new life and carry what is behind `common`
    /// over into it (R4, R5).
    Branch {
        /// Which stream.
        stream: StreamId,
        /// Last place at which both chains are one.
        common: Seq,
    },
    /// Upstream holds another chain under keys that are not ours to move (R5), or refused the stream.
    Alarm {
        /// Which stream.
        stream: StreamId,
        /// What upstream said, if it was a refusal.
        outcome: Option<Outcome>,
    },
}
