//! Keeps feeds for as long as promised and no longer (R26), at a quiet pace.

use std::time::Duration;

use crate::clock::Clock;
use crate::store::Store;
use crate::writer::{Writer, WriterGone};

/// Four times a day: a horizon of 90 days needs no more, and a row that went wrong at the feed's writer is wrong for
/// no longer.
const KEEP_EVERY: Duration = Duration::from_hours(6);

/// Looks after the feeds of `writer`, at once and then every six hours. Ends only when the writer is gone.
pub async fn keep_feeds<S: Store + 'static>(writer: Writer<S>, clock: Clock) -> Result<(), WriterGone> {
    loop {
        let now_ms = clock.now().corrected_ms();
        match writer.run(move |node| node.keep_feeds(now_ms)).await? {
            Ok(kept) => tracing::debug!(?kept, "feeds were looked after"),
            Err(why) => tracing::error!(%why, "feeds could not be looked after; trying again in six hours"),
        }
        tokio::time::sleep(KEEP_EVERY).await;
    }
}
