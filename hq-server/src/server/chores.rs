//! What is done from time to time while head office runs.

use std::path::PathBuf;
use std::time::Duration;

use sync::Clock;
use sync::driver::keep_feeds;
use sync::upkeep::Upkeep;
use sync_proto::ledger::{Depth, Ledger};
use tokio::task::JoinHandle;

use crate::catalogue::purge_superseded;
use crate::stations::Presence;
use crate::store::HqWriter;

/// Between writes of when stations were last heard of.
const PRESENCE_EVERY: Duration = Duration::from_secs(30);

/// Between looks for superseded prices.
const PRICES_EVERY: Duration = Duration::from_hours(6);

/// Cares for database and feeds until the writer is gone, which ends the program.
pub(super) fn look_after(database: PathBuf, writer: &HqWriter, clock: &Clock) -> [JoinHandle<()>; 3] {
    // Head office purges nothing.
    let books = Some(Ledger::new(Depth::Station));
    let upkeep = Upkeep { writer: writer.clone(), database, clock: clock.clone(), retention: None, books };
    let feeds = keep_feeds(writer.clone(), clock.clone());
    [
        tokio::spawn(keep_prices(writer.clone(), clock.clone())),
        tokio::spawn(async move {
            if upkeep.keep().await.is_err() {
                tracing::debug!("the database's upkeep has ended with its writer");
            }
        }),
        tokio::spawn(async move {
            if feeds.await.is_err() {
                tracing::debug!("the journal's writer has ended; its feeds are looked after no more");
            }
        }),
    ]
}

/// Four times a day: prices that were superseded long ago go, here and at every till.
async fn keep_prices(writer: HqWriter, clock: Clock) {
    let mut every = tokio::time::interval(PRICES_EVERY);
    loop {
        every.tick().await;
        let now = clock.now();
        match writer.run(move |node| purge_superseded(node, now)).await {
            Ok(Ok(0)) => {}
            Ok(Ok(gone)) => {
                tracing::info!(prices = gone, "prices that were superseded long ago were withdrawn");
            }
            Ok(Err(why)) => {
                tracing::error!(%why, "superseded prices were not withdrawn; trying again in six hours");
            }
            Err(_) => return,
        }
    }
}

pub(super) async fn keep_presence(presence: Presence, writer: HqWriter, clock: Clock) {
    loop {
        tokio::time::sleep(PRESENCE_EVERY).await;
        store_presence(&presence, &writer, &clock).await;
    }
}

pub(super) async fn store_presence(presence: &Presence, writer: &HqWriter, clock: &Clock) {
    let rows = presence.take_unstored();
    if rows.is_empty() {
        return;
    }
    let now_ms = clock.wall_ms();
    if let Ok(Err(why)) = writer.run(move |node| node.write(rows, now_ms)).await {
        tracing::warn!(%why, "when stations were last heard of was not stored");
    }
}
