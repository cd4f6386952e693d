//! Asks upstream now and then whether it still holds what it acknowledged, and sends again what it does not (R29).

use std::sync::Arc;
use std::time::Duration;

use sync_proto::engine::audit::{AuditRound, Range};
use sync_proto::wire::{Finding, Message, Outcome, Receipt, Reply};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::device::random_16;
use crate::link::Link;
use crate::store::Store;
use crate::writer::{Writer, WriterGone};

/// After the link came up the first audits wait up to this long: ten thousand stations come back at once.
const SETTLE_MS_MAX: u64 = 10_000;

/// Between two of the first audits after the link came up.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Ranges that are asked for at that pace: the newest of every stream of a large station, and all of a small one.
const FIRST_RANGES: u32 = 40;

/// Between two audits after that. A station's ninety days are gone through within a day, and ten thousand stations ask
/// head office for some thirty ranges a second.
const PAUSE: Duration = Duration::from_secs(300);

/// Batches that one audit sends at most; what is still missing then is found in the next round.
const MENDS_MAX: u32 = 1_000;

/// Audits what `upstream` acknowledged, for ever. Ends only when the writer is gone.
pub async fn audit<S: Store + 'static>(
    writer: Writer<S>,
    link: Arc<dyn Link>,
    upstream: &str,
    clock: Clock,
) -> Result<(), WriterGone> {
    let mut auditor = Auditor {
        up: link.up(),
        writer,
        link,
        upstream: upstream.to_owned(),
        clock,
        round: AuditRound::default(),
    };
    loop {
        auditor.wait_for_link().await?;
        auditor.while_up().await?;
    }
}

struct Auditor<S: Store + 'static> {
    writer: Writer<S>,
    link: Arc<dyn Link>,
    upstream: String,
    clock: Clock,
    up: watch::Receiver<bool>,
    round: AuditRound,
}

impl<S: Store + 'static> Auditor<S> {
    async fn wait_for_link(&mut self) -> Result<(), WriterGone> {
        while !*self.up.borrow_and_update() {
            self.up.changed().await.map_err(|_| WriterGone)?;
        }
        self.round.restart();
        Ok(())
    }

    /// One range after the other until the link is down.
    async fn while_up(&mut self) -> Result<(), WriterGone> {
        let mut pause = settling();
        let mut asked = 0u32;
        loop {
            tokio::select! {
                changed = self.up.changed() => {
                    changed.map_err(|_| WriterGone)?;
                    return Ok(());
                }
                () = tokio::time::sleep(pause) => {}
            }
            let more = self.next_range().await?;
            asked = asked.saturating_add(1);
            pause = if more && asked < FIRST_RANGES { FIRST_PAUSE } else { PAUSE };
        }
    }

    /// Audits the next range; false when the round is over.
    async fn next_range(&mut self) -> Result<bool, WriterGone> {
        let upstream = self.upstream.clone();
        let audited = match self.writer.run(move |node| node.audited(&upstream)).await? {
            Ok(audited) => audited,
            Err(why) => {
                tracing::error!(%why, "what was acknowledged could not be read for an audit");
                return Ok(false);
            }
        };
        let Some(range) = self.round.next(&audited) else { return Ok(false) };
        for _ in 0..MENDS_MAX {
            if !self.look_and_mend(range).await? {
                break;
            }
        }
        Ok(true)
    }

    /// Asks about a range and sends the last run of what is missing. True when there may be more of it.
    async fn look_and_mend(&self, range: Range) -> Result<bool, WriterGone> {
        let question = match self.writer.run(move |node| node.audit(&range)).await? {
            Ok(question) => question,
            Err(why) => {
                tracing::error!(%why, "a range could not be read for an audit");
                return Ok(false);
            }
        };
        let Some(question) = question else { return Ok(false) };
        let Some(Reply::Audit(answer)) = self.ask(&Message::Audit(question)).await else { return Ok(false) };
        let Finding::Bad { from, to } = answer.finding else {
            if answer.finding == Finding::Parted {
                tracing::warn!(
                    ?range,
                    upstream = self.upstream,
                    "upstream holds another chain in an audited range"
                );
            }
            return Ok(false);
        };
        if from < range.from || to > range.to || from > to {
            return Ok(false);
        }
        let Ok(Some(batch)) = self.writer.run(move |node| node.mending(range.stream, from, to)).await? else {
            return Ok(false);
        };
        let sent = batch.from;
        let reply = self.ask(&Message::Mend(batch)).await;
        let mended = matches!(reply, Some(Reply::Mended(Receipt { outcome: Outcome::Accepted { .. }, .. })));
        let at_ms = self.clock.wall_ms();
        if mended {
            tracing::warn!(stream = ?range.stream, from = %sent, %to, at_ms, upstream = self.upstream, "upstream had lost entries that it acknowledged; they were sent again");
        } else {
            tracing::error!(stream = ?range.stream, from = %sent, %to, ?reply, upstream = self.upstream, "upstream lost entries that it acknowledged and did not take them back");
        }
        Ok(mended)
    }

    async fn ask(&self, message: &Message) -> Option<Reply> {
        let bytes = self.link.request(message.encode(), 0).await.ok()?;
        Reply::decode(&bytes).ok()
    }
}

/// Another wait for every device.
fn settling() -> Duration {
    let chance = random_16().map_or(1, |bytes| u64::from(u16::from_be_bytes([bytes[0], bytes[1]])));
    Duration::from_millis(chance % SETTLE_MS_MAX)
}
