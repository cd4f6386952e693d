//! What has not reached head office, by device (R17).

use std::collections::HashMap;

use rusqlite::{Connection, params};
use sync_proto::{DeviceId, Incarnation, Seq, StreamId};

/// A device that has not called for this long is silent: a till calls every few seconds, also when it has nothing to say.
pub const SILENT_MS: i64 = 30_000;

/// A journal here that head office does not hold whole, or that a till said more of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Which.
    pub stream: StreamId,
    /// Held here up to this place.
    pub head: Seq,
    /// Entries here that head office does not hold.
    pub count: u64,
    /// When the oldest of them was stored here, milliseconds since 1970 UTC.
    pub oldest_at_ms: Option<i64>,
}

/// Every journal here. `upstream` names head office's acknowledgements. What was carried into another life of a journal
/// waits there.
///
/// # Errors
/// The database does not answer.
pub fn held(connection: &Connection, upstream: &str) -> rusqlite::Result<Vec<Held>> {
    connection
        .prepare_cached(
            "SELECT s.device, s.incarnation, s.head_seq, max(s.ends - s.acked, 0), \
               (SELECT e.received_at_ms FROM entries e \
                WHERE e.stream_id = s.stream_id AND e.seq = s.acked + 1 AND s.ends > s.acked) \
             FROM (SELECT s.stream_id, s.device, s.incarnation, s.head_seq, \
                     min(s.head_seq, coalesce(c.through, s.head_seq)) AS ends, coalesce(a.through, 0) AS acked \
                   FROM streams s LEFT JOIN acks a ON a.stream_id = s.stream_id AND a.upstream = $1 \
                   LEFT JOIN stream_cuts c ON c.stream = lower(hex(s.device) || hex(s.incarnation))) s",
        )?
        .query_map(params![upstream], |row| {
            let stream =
                StreamId { device: DeviceId(row.get(0)?), incarnation: Incarnation(row.get(1)?) };
            Ok(Held {
                stream,
                head: Seq(row.get::<_, i64>(2)?.unsigned_abs()),
                count: row.get::<_, i64>(3)?.unsigned_abs(),
                oldest_at_ms: row.get(4)?,
            })
        })?
        .collect()
}

/// What is known of one device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OfDevice {
    /// Here, and not at head office.
    pub here: u64,
    /// On the device, as it said last, and not here.
    pub on_device: u64,
    /// When the oldest of those here was stored.
    pub oldest_at_ms: Option<i64>,
}

impl OfDevice {
    /// Of two devices together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            here: self.here.saturating_add(other.here),
            on_device: self.on_device.saturating_add(other.on_device),
            oldest_at_ms: earlier(self.oldest_at_ms, other.oldest_at_ms),
        }
    }

    /// Both.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.here.saturating_add(self.on_device)
    }
}

/// Adds up by device; `said` is how far tills said that their journals go.
#[must_use]
pub fn by_device(held: &[Held], said: &HashMap<StreamId, Seq>) -> HashMap<DeviceId, OfDevice> {
    let mut devices: HashMap<DeviceId, OfDevice> = HashMap::new();
    for row in held {
        let device = devices.entry(row.stream.device).or_default();
        device.here = device.here.saturating_add(row.count);
        device.oldest_at_ms = earlier(device.oldest_at_ms, row.oldest_at_ms);
    }
    for (stream, seq) in said {
        let head = held.iter().find(|row| row.stream == *stream).map_or(Seq::NONE, |row| row.head);
        let device = devices.entry(stream.device).or_default();
        device.on_device = device.on_device.saturating_add(seq.0.saturating_sub(head.0));
    }
    devices
}

fn earlier(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
