//! Statements that SQLite and PostgreSQL both run as they stand here.

/// One stream with its head, and how far it was purged.
pub const STREAM: &str = "SELECT device, incarnation, station, role, terminal, own, head_seq, head_hash, \
     purged_through, purged_hash FROM streams WHERE device = $1 AND incarnation = $2";

/// All of them in the order they were first seen.
pub const STREAMS: &str = "SELECT device, incarnation, station, role, terminal, own, head_seq, head_hash, \
     purged_through, purged_hash FROM streams ORDER BY stream_id";

/// The chain after an entry, also after the last one that was purged.
pub const HASH_AT: &str = "SELECT e.hash FROM entries e JOIN streams s ON s.stream_id = e.stream_id \
     WHERE s.device = $1 AND s.incarnation = $2 AND e.seq = $3 \
     UNION ALL SELECT purged_hash FROM streams \
     WHERE device = $1 AND incarnation = $2 AND purged_through = $3 AND purged_through > 0";

/// Entries of all streams in the order they were stored; the first ten columns are those of [`STREAM`].
pub const ENTRIES_AFTER: &str = "SELECT s.device, s.incarnation, s.station, s.role, s.terminal, s.own, \
     s.head_seq, s.head_hash, s.purged_through, s.purged_hash, e.pos, e.received_at_ms, e.seq, e.hash, e.bytes \
     FROM entries e JOIN streams s ON s.stream_id = e.stream_id WHERE e.pos > $1 ORDER BY e.pos LIMIT $2";

/// What an upstream acknowledged of a stream.
pub const ACK: &str = "SELECT a.through FROM acks a JOIN streams s ON s.stream_id = a.stream_id \
     WHERE a.upstream = $1 AND s.device = $2 AND s.incarnation = $3";

/// How far a feed got.
pub const FEED_HEAD: &str = "SELECT writer, version FROM feeds WHERE scope = $1";

/// A consumer's cursor.
pub const CURSOR: &str = "SELECT pos FROM cursors WHERE name = $1";
