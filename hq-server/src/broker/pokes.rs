//! "There is something to pull": an empty message to the stations whose feed moved (R23).

use std::collections::HashMap;
use std::time::Duration;

use sync::Reader;
use sync::link::Topics;
use sync_proto::fact::FeedScope;
use tokio::sync::watch;

use super::Broker;
use crate::stations::Presence;

/// Pokes of a burst of commits are one poke.
const GATHER: Duration = Duration::from_millis(10);

/// Pokes stations for as long as it is awaited. A lost poke only delays: stations pull from time to time.
pub async fn poke_on_movement(
    broker: Broker,
    reader: Reader,
    presence: Presence,
    mut changes: watch::Receiver<u64>,
) {
    let mut known = HashMap::new();
    loop {
        changes.borrow_and_update();
        match reader.query(versions).await {
            Ok(now) => {
                for station in moved(&known, &now, &presence) {
                    broker.send(&Topics::of(station).poke(), Vec::new(), None).await;
                }
                known = now;
            }
            Err(why) => tracing::error!(%why, "feeds could not be read; stations find out by themselves"),
        }
        tokio::time::sleep(GATHER).await;
        if changes.changed().await.is_err() {
            return;
        }
    }
}

fn versions(connection: &rusqlite::Connection) -> rusqlite::Result<HashMap<String, i64>> {
    connection
        .prepare_cached("SELECT scope, version FROM feeds")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

fn moved(
    before: &HashMap<String, i64>,
    now: &HashMap<String, i64>,
    presence: &Presence,
) -> Vec<sync_proto::StationCode> {
    let moved: Vec<FeedScope> = now
        .iter()
        .filter(|(scope, version)| before.get(*scope) != Some(version))
        .filter_map(|(scope, _)| FeedScope::parse(scope).ok())
        .collect();
    if moved.is_empty() {
        return Vec::new();
    }
    let mut online = presence.online();
    if !moved.contains(&FeedScope::Chain) {
        online.retain(|station| moved.contains(&FeedScope::Station(station.clone())));
    }
    online
}
