//! Brings feeds down: pull, apply whole, pull again; woken by pokes and, whatever is lost, by time (R23).

use std::sync::Arc;
use std::time::Duration;

use sync_proto::fact::FeedScope;
use sync_proto::wire::{Message, Reply};
use tokio::sync::watch;

use super::StatusBoard;
use crate::clock::Clock;
use crate::link::{Link, LinkError};
use crate::node::{Applied, FeedApply};
use crate::store::Store;
use crate::writer::{Writer, WriterGone};

/// Between two checkpoints of a feed that stands still: a row that went wrong is wrong for no longer (R20).
const CHECK_MS: i64 = 10 * 60 * 1_000;

/// How a downlink paces itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DownlinkConfig {
    /// How the feed is applied.
    pub apply: FeedApply,
    /// Longest time a pull waits upstream for news; 0 where pokes tell (MQTT).
    pub wait_ms: u32,
    /// Longest pause between pulls that brought nothing, jittered down to half of it.
    pub poll_ms: u32,
    /// Between two checkpoints.
    pub check_ms: i64,
}

impl DownlinkConfig {
    /// A till from its agent: long polls.
    pub const TILL: Self = Self {
        apply: FeedApply { relay: false, report: true },
        wait_ms: 20_000,
        poll_ms: 1_000,
        check_ms: CHECK_MS,
    };
    /// A till from HQ while its agent is away (R36): nothing pokes, nothing waits.
    pub const DIRECT: Self = Self {
        apply: FeedApply { relay: false, report: true },
        wait_ms: 0,
        poll_ms: 10_000,
        check_ms: CHECK_MS,
    };
    /// An agent from HQ: pokes, and a poll beside them.
    pub const AGENT: Self = Self {
        apply: FeedApply { relay: true, report: true },
        wait_ms: 0,
        poll_ms: 10_000,
        check_ms: CHECK_MS,
    };
}

/// Keeps one feed applied, for ever. Ends only when the writer is gone.
pub async fn downlink<S: Store + 'static>(
    writer: Writer<S>,
    link: Arc<dyn Link>,
    scope: FeedScope,
    config: DownlinkConfig,
    clock: Clock,
    status: StatusBoard,
) -> Result<(), WriterGone> {
    let mut pokes = link.pokes();
    let mut up = link.up();
    let downlink = Downlink { writer, link, scope, config, clock, status };
    let mut turn: u32 = 0;
    // The first checkpoint comes with the start.
    let mut check_at_ms = downlink.clock.mono_ms();
    loop {
        turn = turn.wrapping_add(1);
        pokes.mark_unchanged();
        // Until the checkpoint that is due was held, nothing waits upstream for news.
        let due = downlink.clock.mono_ms() >= check_at_ms;
        let pause_ms = match downlink.pull_once(if due { 0 } else { config.wait_ms }).await? {
            Pulled::More => continue,
            Pulled::UpToDate if due => {
                let checked = downlink.check().await?;
                check_at_ms = downlink.clock.mono_ms().saturating_add(match checked {
                    // What was not to be compared now is compared soon.
                    Checked::Not => config.check_ms.min(i64::from(config.poll_ms)),
                    Checked::Agrees | Checked::Differs => config.check_ms,
                });
                if config.wait_ms > 0 || matches!(checked, Checked::Differs) {
                    continue;
                }
                jittered_ms(config.poll_ms, turn)
            }
            Pulled::UpToDate if config.wait_ms > 0 => 0,
            Pulled::UpToDate | Pulled::Behind => jittered_ms(config.poll_ms, turn),
            Pulled::Failed => jittered_ms(config.poll_ms.min(2_000), turn),
        };
        if pause_ms > 0 {
            pause(&mut pokes, &mut up, pause_ms).await;
        }
    }
}

struct Downlink<S: Store + 'static> {
    writer: Writer<S>,
    link: Arc<dyn Link>,
    scope: FeedScope,
    config: DownlinkConfig,
    clock: Clock,
    status: StatusBoard,
}

enum Pulled {
    More,
    UpToDate,
    Behind,
    Failed,
}

enum Checked {
    Agrees,
    Differs,
    Not,
}

impl<S: Store + 'static> Downlink<S> {
    /// One question and what its answer brings.
    async fn pull_once(&self, wait_ms: u32) -> Result<Pulled, WriterGone> {
        let of = self.scope.clone();
        let message = match self.writer.run(move |node| node.next_feed_message(&of)).await? {
            Ok(message) => message,
            Err(why) => {
                tracing::error!(%why, "a feed's cursor could not be read");
                return Ok(Pulled::Failed);
            }
        };
        let asked_at_ms = self.clock.mono_ms();
        let apply = self.config.apply;
        let applied = match self.ask(message, wait_ms).await {
            Some(Reply::Pull(answer)) if answer.scope == self.scope => {
                let took_ms = self.clock.mono_ms().saturating_sub(asked_at_ms);
                // An answer that waited for news says when it was given, not how long its way back was.
                self.clock.agree(answer.now_ms, took_ms.min(1_000));
                let now = self.clock.now();
                self.writer.run(move |node| node.apply_pull(&answer, apply, now)).await?
            }
            Some(Reply::Part(answer)) if answer.scope == self.scope => {
                let now = self.clock.now();
                self.writer.run(move |node| node.apply_part(&answer, apply, now)).await?
            }
            _ => return Ok(Pulled::Failed),
        };
        Ok(match applied {
            Ok(Applied::UpToDate | Applied::Changed) => {
                self.status.acknowledged(self.clock.wall_ms());
                Pulled::UpToDate
            }
            Ok(Applied::Staged) => {
                self.status.acknowledged(self.clock.wall_ms());
                Pulled::More
            }
            Ok(Applied::Behind) => Pulled::Behind,
            // Asked again after a pause: whoever answers beside the question must not be asked in a loop.
            Ok(Applied::Late) => Pulled::Failed,
            Err(why) => {
                tracing::error!(%why, "a feed could not be applied");
                Pulled::Failed
            }
        })
    }

    /// A checkpoint: counts in small steps, between which sales go on, and compares with upstream.
    async fn check(&self) -> Result<Checked, WriterGone> {
        let (scope, relay) = (self.scope.clone(), self.config.apply.relay);
        let mut step = self.writer.run(move |node| node.begin_check(&scope, relay)).await?;
        let scan = loop {
            let mut scan = match step {
                Ok(Some(scan)) => scan,
                Ok(None) => return Ok(Checked::Not),
                Err(why) => {
                    tracing::error!(%why, "a feed's rows could not be counted");
                    return Ok(Checked::Not);
                }
            };
            let (counted, scan) = self.writer.run(move |node| (node.step_check(&mut scan), scan)).await?;
            match counted {
                Ok(Some(true)) => break scan,
                Ok(Some(false)) => step = Ok(Some(scan)),
                Ok(None) => step = Ok(None),
                Err(why) => step = Err(why),
            }
        };
        let Some(Reply::Check(answer)) = self.ask(Message::Check(scan.message()), 0).await else {
            return Ok(Checked::Not);
        };
        let nothing_said = answer.digest.is_none();
        match self.writer.run(move |node| node.apply_check(&scan, &answer)).await? {
            Ok(true) => {
                self.status.feed_differed(self.clock.wall_ms());
                Ok(Checked::Differs)
            }
            Ok(false) if nothing_said => Ok(Checked::Not),
            Ok(false) => Ok(Checked::Agrees),
            Err(why) => {
                tracing::error!(%why, "a feed's head could not be read");
                Ok(Checked::Not)
            }
        }
    }

    async fn ask(&self, message: Message, wait_ms: u32) -> Option<Reply> {
        let reply = self.link.request(message.encode(), wait_ms).await.and_then(|bytes| {
            Reply::decode(&bytes)
                .map_err(|why| LinkError::Refused { upstream: self.scope.to_text(), why: why.to_string() })
        });
        reply.map_err(|why| tracing::debug!(%why, "a feed's question was not answered")).ok()
    }
}

async fn pause(pokes: &mut watch::Receiver<u64>, up: &mut watch::Receiver<bool>, pause_ms: u64) {
    let came_up = async {
        while up.changed().await.is_ok() {
            if *up.borrow() {
                return;
            }
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        _ = pokes.changed() => {}
        () = came_up => {}
        () = tokio::time::sleep(Duration::from_millis(pause_ms)) => {}
    }
}

/// Between half and the whole of `wait_ms`, differing from turn to turn.
fn jittered_ms(wait_ms: u32, turn: u32) -> u64 {
    let half = u64::from(wait_ms / 2).max(1);
    half + u64::from(turn.wrapping_mul(2_654_435_761)) % half
}
