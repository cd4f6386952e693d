//! After a start: what upstream holds of this station, or of this till, and this database does not, is taken back (R38).

use std::sync::Arc;
use std::time::Duration;

use sync_proto::wire::{Fetch, HeldStream, ListStreams, Message, Reply};

use crate::clock::Clock;
use crate::link::Link;
use crate::store::Store;
use crate::writer::{Writer, WriterGone};

/// Between two tries while upstream does not answer, or the disk does not take it.
const RETRY: Duration = Duration::from_secs(10);

/// How often what was put back upstream is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);

/// Takes back what is missing, after the start and then hourly, for ever. Ends only when the writer is gone.
pub async fn rebuild<S: Store + 'static>(
    writer: Writer<S>,
    link: Arc<dyn Link>,
    upstream: &str,
    clock: Clock,
) -> Result<(), WriterGone> {
    loop {
        let pause = if look_through(&writer, &link, upstream, &clock).await? { LOOK_EVERY } else { RETRY };
        tokio::time::sleep(pause).await;
    }
}

/// Goes through the list once; false when it was not come to its end.
async fn look_through<S: Store + 'static>(
    writer: &Writer<S>,
    link: &Arc<dyn Link>,
    upstream: &str,
    clock: &Clock,
) -> Result<bool, WriterGone> {
    let mut after = None;
    loop {
        let Some(Reply::Streams(list)) = ask(link, &Message::ListStreams(ListStreams { after })).await else {
            return Ok(false);
        };
        for held in &list.streams {
            if !take_stream(writer, link, upstream, clock, *held).await? {
                return Ok(false);
            }
        }
        after = list.streams.last().map(|held| held.stream);
        if !list.more || after.is_none() {
            return Ok(true);
        }
    }
}

async fn take_stream<S: Store + 'static>(
    writer: &Writer<S>,
    link: &Arc<dyn Link>,
    upstream: &str,
    clock: &Clock,
    held: HeldStream,
) -> Result<bool, WriterGone> {
    let mut taken = 0u64;
    loop {
        let wanted = match writer.run(move |node| node.wanted_from(&held)).await? {
            Ok(wanted) => wanted,
            Err(why) => {
                tracing::error!(%why, "what is missing of a journal could not be told");
                return Ok(false);
            }
        };
        let Some(from) = wanted else {
            if taken > 0 {
                tracing::info!(stream = ?held.stream, entries = taken, "a journal was taken back from upstream");
            }
            return Ok(true);
        };
        let Some(Reply::Fetched(fetched)) =
            ask(link, &Message::Fetch(Fetch { stream: held.stream, from })).await
        else {
            return Ok(false);
        };
        let Some(batch) = fetched.batch else { return Ok(true) };
        let (upstream, now_ms) = (upstream.to_owned(), clock.wall_ms());
        match writer.run(move |node| node.take_back(&held, batch, &upstream, now_ms)).await? {
            Ok(Some(through)) => taken += through.0.saturating_sub(from.0) + 1,
            Ok(None) => {
                // Its writer sends it too and was faster, or it is another life than this database knows.
                tracing::warn!(stream = ?held.stream, "a journal given back does not go on where it ends here");
                return Ok(true);
            }
            Err(why) => {
                tracing::error!(%why, "a journal could not be taken back");
                return Ok(false);
            }
        }
    }
}

async fn ask(link: &Arc<dyn Link>, message: &Message) -> Option<Reply> {
    let bytes = link.request(message.encode(), 0).await.ok()?;
    Reply::decode(&bytes).ok()
}
