//! A till asks its agent how far its journal is at HQ, for the counter that is always on screen.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sync_proto::StreamId;
use sync_proto::wire::{Message, Progress, Reply};

use super::StatusBoard;
use crate::clock::Clock;
use crate::link::Link;
use crate::node::Pending;
use crate::store::Store;
use crate::writer::{Writer, WriterGone};

/// Name of the cursor that holds HQ's mark. The agent's own cursor is another (R36).
pub const HQ: &str = "hq";

/// While something is not at HQ.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// While nothing is pending.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// A mark lower than the one kept is believed when the agent said it so often in a row.
const LOWER_AFTER: u32 = 15;

/// Keeps HQ's mark of the own stream, for ever. Ends only when the writer is gone.
pub async fn progress<S: Store + 'static>(
    writer: Writer<S>,
    link: Arc<dyn Link>,
    clock: Clock,
    status: StatusBoard,
) -> Result<(), WriterGone> {
    let mut changes = writer.changes();
    let mut lower: BTreeMap<StreamId, u32> = BTreeMap::new();
    loop {
        let outbox = writer.run(|node| node.outbox(HQ)).await?.unwrap_or_default();
        let mut pending = outbox.into_iter().filter(|each| each.head > each.acked).peekable();
        if pending.peek().is_some() {
            // Earlier lives of this journal go up like the present one.
            for each in pending {
                let lower = lower.entry(each.stream).or_default();
                ask_about(&writer, &link, each, &clock, &status, lower).await?;
            }
            tokio::time::sleep(ASK_EVERY).await;
        } else {
            tokio::select! {
                changed = changes.changed() => changed.map_err(|_| WriterGone)?,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }
}

async fn ask_about<S: Store + 'static>(
    writer: &Writer<S>,
    link: &Arc<dyn Link>,
    each: Pending,
    clock: &Clock,
    status: &StatusBoard,
    lower: &mut u32,
) -> Result<(), WriterGone> {
    let message = Message::Progress(Progress { stream: each.stream }).encode();
    let Ok(bytes) = link.request(message, 0).await else { return Ok(()) };
    let Ok(Reply::Progress(answer)) = Reply::decode(&bytes) else { return Ok(()) };
    let through = answer.upstream_through.min(each.head);
    if answer.stream != each.stream || through == each.acked {
        *lower = 0;
        return Ok(());
    }
    if through < each.acked {
        // The agent may not have asked HQ yet what this till told it directly; a head office that was put back stays
        // lower.
        *lower += 1;
        if *lower < LOWER_AFTER {
            return Ok(());
        }
    }
    *lower = 0;
    let at_ms = clock.wall_ms();
    let kept = writer.run(move |node| node.keep_ack(HQ, answer.stream, through, at_ms)).await?;
    match kept {
        Ok(()) => status.acknowledged(at_ms),
        Err(why) => tracing::warn!(%why, "HQ's mark could not be kept"),
    }
    Ok(())
}
