//! What the till knows about itself: names, and what has not reached HQ.

use rusqlite::{Connection, OptionalExtension as _};
use sync_proto::StationCode;

use crate::error::TillError;
use crate::recent::{AGENT, HQ};

/// How far this till's journal has got. Times are milliseconds since 1970 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// Entries that HQ does not hold yet, as far as this till knows.
    pub pending_count: i64,
    /// When the oldest of them was written.
    pub pending_oldest_ms: Option<i64>,
    /// Last acknowledgement of the station's agent.
    pub agent_ack_ms: Option<i64>,
    /// Last news that HQ holds more.
    pub hq_ack_ms: Option<i64>,
}

/// Counts what HQ does not hold yet.
///
/// # Errors
/// The database does not answer.
pub fn reach(connection: &Connection) -> Result<Reach, TillError> {
    let (pending_count, pending_oldest_ms) = connection
        .prepare_cached(
            "SELECT coalesce(sum(s.ends - s.acked), 0), \
             min((SELECT e.received_at_ms FROM entries e WHERE e.stream_id = s.stream_id AND e.seq = s.acked + 1)) \
             FROM (SELECT s.stream_id, min(s.head_seq, coalesce(c.through, s.head_seq)) AS ends, \
                          coalesce(a.through, 0) AS acked \
                   FROM streams s LEFT JOIN acks a ON a.stream_id = s.stream_id AND a.upstream = $1 \
                   LEFT JOIN stream_cuts c ON c.stream = lower(hex(s.device) || hex(s.incarnation)) \
                   WHERE s.own = 1) s WHERE s.ends > s.acked",
        )?
        .query_row([HQ], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let last_ack = |upstream: &str| {
        connection
            .prepare_cached("SELECT max(at_ms) FROM acks WHERE upstream = $1")?
            .query_row([upstream], |row| row.get(0))
    };
    Ok(Reach { pending_count, pending_oldest_ms, agent_ack_ms: last_ack(AGENT)?, hq_ack_ms: last_ack(HQ)? })
}

/// The station's name and address from HQ's register; its code and nothing as long as that has not arrived.
///
/// # Errors
/// The database does not answer.
pub fn station(connection: &Connection, code: &StationCode) -> Result<(String, String), TillError> {
    let found = connection
        .prepare_cached("SELECT name, address FROM stations WHERE station = $1")?
        .query_row([code.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found.unwrap_or_else(|| (code.to_string(), String::new())))
}
