//! Carries the journal upstream: the engine says what to send, this sends it.

use std::sync::Arc;
use std::time::Duration;

use sync_proto::engine::{Command, Input, Sender, SenderConfig};
use sync_proto::wire::{Message, Outcome, Reply};
use sync_proto::{Seq, StreamId};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::StatusBoard;
use crate::clock::Clock;
use crate::device::random_16;
use crate::link::{Link, LinkError};
use crate::store::Store;
use crate::writer::{Writer, WriterGone};

/// The journal is looked at at least this often, whatever was announced (R13).
const LOOK_EVERY_MS: i64 = 2_000;

type Answer = (StreamId, Result<Reply, LinkError>);

struct Uplink<S: Store + 'static> {
    writer: Writer<S>,
    link: Arc<dyn Link>,
    upstream: String,
    clock: Clock,
    status: StatusBoard,
    engine: Sender,
    asked: JoinSet<Answer>,
}

/// Sends everything that `upstream` has not acknowledged, for ever. Ends only when the writer is gone.
pub async fn uplink<S: Store + 'static>(
    writer: Writer<S>,
    link: Arc<dyn Link>,
    upstream: &str,
    clock: Clock,
    status: StatusBoard,
) -> Result<(), WriterGone> {
    let seed = random_16()
        .map_or(1, |bytes| u64::from(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])));
    let engine = Sender::new(SenderConfig::STANDARD, seed);
    let upstream = upstream.to_owned();
    let mut changes = writer.changes();
    let mut up = link.up();
    let mut uplink = Uplink { writer, link, upstream, clock, status, engine, asked: JoinSet::new() };
    uplink.look().await?;
    loop {
        uplink.wait(&mut changes, &mut up).await?;
    }
}

impl<S: Store + 'static> Uplink<S> {
    async fn wait(
        &mut self,
        changes: &mut watch::Receiver<u64>,
        up: &mut watch::Receiver<bool>,
    ) -> Result<(), WriterGone> {
        let now_ms = self.clock.mono_ms();
        let wake_ms = self.engine.wake_at().unwrap_or(i64::MAX).min(now_ms.saturating_add(LOOK_EVERY_MS));
        let pause = Duration::from_millis(wake_ms.saturating_sub(now_ms).max(1).unsigned_abs());
        tokio::select! {
            Some(answer) = self.asked.join_next() => {
                if let Ok((stream, reply)) = answer {
                    self.on_answer(stream, reply).await?;
                }
            }
            changed = changes.changed() => {
                changed.map_err(|_| WriterGone)?;
                self.look().await?;
            }
            Ok(()) = up.changed() => {
                let now_up = *up.borrow_and_update();
                self.status.set_up(now_up);
                if now_up {
                    self.step(Input::LinkUp).await?;
                }
            }
            () = tokio::time::sleep(pause) => self.look().await?,
        }
        Ok(())
    }

    /// Tells the engine where the journal stands.
    async fn look(&mut self) -> Result<(), WriterGone> {
        let upstream = self.upstream.clone();
        match self.writer.run(move |node| node.outbox(&upstream)).await? {
            Ok(outbox) => {
                for each in outbox {
                    self.step(each.input()).await?;
                }
            }
            Err(why) => tracing::error!(%why, "the outbox could not be read"),
        }
        self.step(Input::Tick).await
    }

    async fn step(&mut self, input: Input) -> Result<(), WriterGone> {
        let mut commands = self.engine.handle(self.clock.mono_ms(), input);
        while !commands.is_empty() {
            let mut next = Vec::new();
            for command in commands {
                next.extend(self.obey(command).await?);
            }
            commands = next;
        }
        Ok(())
    }

    async fn obey(&mut self, command: Command) -> Result<Vec<Command>, WriterGone> {
        match command {
            Command::Greet { stream, at } => {
                let hello = self.writer.run(move |node| node.hello(stream, at)).await?;
                if let Ok(Some(hello)) = hello {
                    self.ask(stream, &Message::Hello(hello));
                }
                Ok(Vec::new())
            }
            Command::Send { stream, from, entries_max } => self.send(stream, from, entries_max).await,
            Command::Keep { stream, through } => {
                let (upstream, at_ms) = (self.upstream.clone(), self.clock.wall_ms());
                let kept =
                    self.writer.run(move |node| node.keep_ack(&upstream, stream, through, at_ms)).await?;
                self.status.acknowledged(at_ms);
                if let Err(why) = kept {
                    // The next look at the database finds it missing and asks upstream again.
                    tracing::warn!(%why, "an acknowledgement could not be kept");
                }
                Ok(Vec::new())
            }
            Command::UpstreamAhead { stream, through, .. } => {
                tracing::error!(?stream, %through, upstream = self.upstream, "upstream holds more of this journal than this database does: it is an older copy. A new life of the journal begins");
                self.begin_life(command).await
            }
            Command::Branch { stream, common } => {
                tracing::error!(?stream, %common, upstream = self.upstream, "upstream holds other entries of this journal: this database, or another, is a copy. What stands behind the last common entry is carried over into a new life");
                self.begin_life(command).await
            }
            Command::Alarm { stream, outcome } => {
                tracing::error!(
                    ?stream,
                    ?outcome,
                    upstream = self.upstream,
                    "upstream does not accept this journal"
                );
                Ok(Vec::new())
            }
        }
    }

    async fn send(
        &mut self,
        stream: StreamId,
        from: Seq,
        entries_max: u32,
    ) -> Result<Vec<Command>, WriterGone> {
        let limits = SenderConfig { batch_entries_max: entries_max, ..*self.engine.config() };
        let now_ms = self.clock.mono_ms();
        match self.writer.run(move |node| node.batch(stream, from, &limits)).await? {
            Ok(Some(batch)) => {
                let to = batch.to();
                let message = Message::Batch(batch);
                let len = self.ask(stream, &message);
                Ok(self.engine.handle(now_ms, Input::Sent { stream, to, len }))
            }
            Ok(None) => Ok(self.engine.handle(now_ms, Input::Failed { stream })),
            Err(why) => {
                tracing::error!(%why, "a batch could not be read");
                Ok(self.engine.handle(now_ms, Input::Failed { stream }))
            }
        }
    }

    /// What this database writes from now on must not reuse numbers that upstream knows (R4). The next look at the
    /// database tells the engine of the new life.
    async fn begin_life(&mut self, command: Command) -> Result<Vec<Command>, WriterGone> {
        let entropy = match random_16() {
            Ok(entropy) => entropy,
            Err(why) => {
                tracing::error!(%why, "the system gives no random numbers: a new life is begun later");
                return Ok(Vec::new());
            }
        };
        let now = self.clock.now();
        let begun = self.writer.run(move |node| node.begin_life_for(&command, entropy, now)).await?;
        if let Err(why) = begun {
            tracing::error!(%why, "a new life of the journal could not be begun; it is tried again");
        }
        Ok(Vec::new())
    }

    fn ask(&mut self, stream: StreamId, message: &Message) -> usize {
        let bytes = message.encode();
        let len = bytes.len();
        let (link, upstream) = (Arc::clone(&self.link), self.upstream.clone());
        self.asked.spawn(async move {
            let reply = link.request(bytes, 0).await.and_then(|bytes| {
                Reply::decode(&bytes).map_err(|why| LinkError::Refused { upstream, why: why.to_string() })
            });
            (stream, reply)
        });
        len
    }

    async fn on_answer(
        &mut self,
        stream: StreamId,
        reply: Result<Reply, LinkError>,
    ) -> Result<(), WriterGone> {
        let input = match reply {
            Ok(Reply::Hello(answer)) => match self.writer.run(move |node| node.greeted(&answer)).await? {
                Ok(greeted) => greeted,
                Err(why) => {
                    tracing::error!(%why, "the journal could not be compared with upstream's");
                    Input::Failed { stream }
                }
            },
            Ok(Reply::Receipt(receipt)) => {
                if matches!(receipt.outcome, Outcome::Accepted { .. } | Outcome::Duplicate { .. }) {
                    self.status.acknowledged(self.clock.wall_ms());
                }
                Input::Replied(receipt)
            }
            Ok(_) => Input::Failed { stream },
            Err(why) => {
                tracing::debug!(%why, "a request upstream failed");
                Input::Failed { stream }
            }
        };
        self.step(input).await
    }
}
