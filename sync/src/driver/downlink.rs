//! Brings feeds down: pull, apply whole, pull again; woken by pokes and, whatever is lost, by time (R23).

use std::sync::Arc;
use std::time::Duration;

use sync_proto::fact::FeedScope;
use sync_proto::wire::{Message, Reply};
use tokio::sync::watch;

use super::StatusBoard;
use crate::clock::Clock;
use crate::link::{Link, LinkError};
use crate::node::FeedApply;
use crate::store::Store;
use crate::writer::{Writer, WriterGone};

/// How a downlink paces itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DownlinkConfig {
    /// How the feed is applied.
    pub apply: FeedApply,
    /// Longest time a pull waits upstream for news; 0 where pokes tell (MQTT).
    pub wait_ms: u32,
    /// Longest pause between pulls that brought nothing, jittered down to half of it.
    pub poll_ms: u32,
}

impl DownlinkConfig {
    /// A till from its agent: long polls.
    pub const TILL: Self =
        Self { apply: FeedApply { relay: false, report: true }, wait_ms: 20_000, poll_ms: 1_000 };
    /// A till from HQ while its agent is away (R36): nothing pokes, nothing waits.
    pub const DIRECT: Self =
        Self { apply: FeedApply { relay: false, report: true }, wait_ms: 0, poll_ms: 10_000 };
    /// An agent from HQ: pokes, and a poll beside them.
    pub const AGENT: Self =
        Self { apply: FeedApply { relay: true, report: true }, wait_ms: 0, poll_ms: 10_000 };
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
    let mut turn: u32 = 0;
    loop {
        turn = turn.wrapping_add(1);
        pokes.mark_unchanged();
        let pause_ms = match pull_once(&writer, &link, &scope, config, &clock).await? {
            Pulled::More => continue,
            Pulled::UpToDate => {
                status.acknowledged(clock.wall_ms());
                if config.wait_ms > 0 { 0 } else { jittered_ms(config.poll_ms, turn) }
            }
            Pulled::Failed => jittered_ms(config.poll_ms.min(2_000), turn),
        };
        if pause_ms > 0 {
            pause(&mut pokes, &mut up, pause_ms).await;
        }
    }
}

enum Pulled {
    More,
    UpToDate,
    Failed,
}

async fn pull_once<S: Store + 'static>(
    writer: &Writer<S>,
    link: &Arc<dyn Link>,
    scope: &FeedScope,
    config: DownlinkConfig,
    clock: &Clock,
) -> Result<Pulled, WriterGone> {
    let of = scope.clone();
    let pull = match writer.run(move |node| node.next_pull(&of)).await? {
        Ok(pull) => pull,
        Err(why) => {
            tracing::error!(%why, "a feed's cursor could not be read");
            return Ok(Pulled::Failed);
        }
    };
    let asked_at_ms = clock.mono_ms();
    let reply = link.request(Message::Pull(pull).encode(), config.wait_ms).await.and_then(|bytes| {
        Reply::decode(&bytes)
            .map_err(|why| LinkError::Refused { upstream: scope.to_text(), why: why.to_string() })
    });
    let answer = match reply {
        Ok(Reply::Pull(answer)) if answer.scope == *scope => answer,
        Ok(_) => return Ok(Pulled::Failed),
        Err(why) => {
            tracing::debug!(%why, "a pull failed");
            return Ok(Pulled::Failed);
        }
    };
    let took_ms = clock.mono_ms().saturating_sub(asked_at_ms);
    // An answer that waited for news says when it was given, not how long its way back was.
    clock.agree(answer.now_ms, took_ms.min(1_000));
    let (more, now) = (answer.more, clock.now());
    match writer.run(move |node| node.apply_pull(&answer, config.apply, now)).await? {
        Ok(_) if more => Ok(Pulled::More),
        Ok(_) => Ok(Pulled::UpToDate),
        Err(why) => {
            tracing::error!(%why, "a feed could not be applied");
            Ok(Pulled::Failed)
        }
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
