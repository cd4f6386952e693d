//! Who has not applied what was published, per feed and device, and for how long (R24).

use rusqlite::Connection;

/// Devices listed at most: a chain whose feeds stand still has one problem, not a thousand.
const ROWS_MAX: i64 = 1_000;

/// A device that lacks something of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BehindRow {
    /// `chain`, `station:ST0001`, `local:ST0001`.
    pub scope: String,
    /// Station's code.
    pub station: String,
    /// Station's name.
    pub station_name: String,
    /// Device id, hexadecimal.
    pub device: String,
    /// `agent` or `terminal`.
    pub role: String,
    /// Its number, if it is a till.
    pub terminal: Option<i64>,
    /// The version that it said it applied, and when it said so; `None` when it never did.
    pub applied: Option<(i64, i64)>,
    /// The version that it ought to have.
    pub head_version: i64,
    /// When the first version was published that it lacks.
    pub since_ms: i64,
}

/// Every device that is behind, longest first. What head office writes is measured by when it was published; a station's
/// local feed, which its agent writes, by when the first of its tills said that it has more.
pub fn behind(connection: &Connection, writer: &str) -> rusqlite::Result<Vec<BehindRow>> {
    let mut statement = connection.prepare_cached(
        "WITH members AS ( \
           SELECT t.station, lower(hex(t.device)) AS device, t.role, t.terminal, min(t.opened_at_ms) AS opened_at_ms \
           FROM streams t LEFT JOIN enrolled_devices d ON d.device = lower(hex(t.device)) \
           WHERE t.role IN ('agent', 'terminal') AND (d.device IS NULL OR d.revoked_generation < d.generation) \
           GROUP BY t.device), \
         locals AS ( \
           SELECT r.scope, r.station, r.writer, max(r.version) AS version FROM feed_reports r \
           WHERE r.scope LIKE 'local:%' AND r.writer = (SELECT l.writer FROM feed_reports l \
             WHERE l.scope = r.scope ORDER BY l.at_ms DESC, l.version DESC LIMIT 1) \
           GROUP BY r.scope, r.station), \
         wanted AS ( \
           SELECT f.scope, m.*, $1 AS writer, f.version FROM members m \
             JOIN feeds f ON f.scope = 'chain' OR f.scope = 'station:' || m.station \
           UNION ALL \
           SELECT l.scope, m.*, l.writer, l.version FROM members m \
             JOIN locals l ON l.station = m.station AND m.role = 'terminal'), \
         lacking AS ( \
           SELECT w.*, r.version AS applied, r.at_ms AS applied_at_ms FROM wanted w LEFT JOIN feed_reports r \
             ON r.station = w.station AND r.device = w.device AND r.scope = w.scope AND r.writer = w.writer \
           WHERE coalesce(r.version, 0) < w.version) \
         SELECT l.scope, l.station, coalesce(n.name, l.station), l.device, l.role, l.terminal, l.applied, \
           l.applied_at_ms, l.version, \
           max(l.opened_at_ms, coalesce( \
             (SELECT min(s.at_ms) FROM feed_steps s WHERE s.scope = l.scope AND s.version > coalesce(l.applied, 0)), \
             (SELECT min(o.at_ms) FROM feed_reports o WHERE o.scope = l.scope AND o.station = l.station \
                AND o.writer = l.writer AND o.version > coalesce(l.applied, 0)), \
             (SELECT min(i.at_ms) FROM feed_items i WHERE i.scope = l.scope AND i.version > coalesce(l.applied, 0)), \
             0)) AS since_ms \
         FROM lacking l LEFT JOIN stations n ON n.station = l.station \
         ORDER BY since_ms, l.station, l.role, l.terminal, l.scope LIMIT $2",
    )?;
    let rows = statement.query_map((writer, ROWS_MAX), |row| {
        let (version, at_ms): (Option<i64>, Option<i64>) = (row.get(6)?, row.get(7)?);
        Ok(BehindRow {
            scope: row.get(0)?,
            station: row.get(1)?,
            station_name: row.get(2)?,
            device: row.get(3)?,
            role: row.get(4)?,
            terminal: row.get(5)?,
            applied: version.zip(at_ms),
            head_version: row.get(8)?,
            since_ms: row.get(9)?,
        })
    })?;
    rows.collect()
}
