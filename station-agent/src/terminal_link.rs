//! The tills' link: `POST /sync` over TLS, one message in, one reply out. A pull may wait here for news.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::Extensions;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use station_api::ErrorCode;
use sync::Peer;
use sync::node::Incoming;
use sync_identity::Standing;
use sync_proto::Role;
use sync_proto::wire::{MESSAGE_LEN_MAX, Message, PullAnswer, Reply, TIME_UNKNOWN_MS, WireError};

use crate::http::{Refusal, Shared, discard, read_limited};
use crate::{HQ, ledger::LedgerError};

/// Longest wait of a pull: below the half minute after which middle boxes cut silent connections.
const WAIT_MAX: Duration = Duration::from_secs(25);

#[derive(Debug, Deserialize)]
struct Wait {
    #[serde(default)]
    wait_ms: u32,
}

/// Answers a till.
pub(crate) async fn answer(State(station): State<Shared>, request: Request) -> Result<Response, Refusal> {
    let peer = match peer_of(&station, request.extensions()).await {
        Ok(peer) => peer,
        Err(refusal) => {
            discard(request.into_body()).await;
            return Err(refusal);
        }
    };
    station.seen.note(peer.device, station.clock.now().corrected_ms());
    let wait_ms = Query::<Wait>::try_from_uri(request.uri()).map_or(0, |Query(wait)| wait.wait_ms);
    let message = read_limited(request.into_body(), MESSAGE_LEN_MAX).await?;
    let waits = match Message::decode(&message) {
        Ok(message) => {
            note(&station, &peer, &message);
            matches!(message, Message::Pull(_)) && wait_ms > 0
        }
        Err(why) => return Err(malformed(&why)),
    };
    let reply = if waits {
        wait_for_news(&station, &peer, &message, wait_ms).await?
    } else {
        receive(&station, &peer, message).await?
    };
    station.seen.note(peer.device, station.clock.now().corrected_ms());
    Ok(([(CONTENT_TYPE, "application/octet-stream")], Body::from(reply)).into_response())
}

/// How far the till's own journals go: what it has not sent yet is counted before it arrives (R17).
fn note(station: &Shared, peer: &Peer, message: &Message) {
    match message {
        Message::Hello(hello) if peer.may_send(&hello.stream) => station.said.hello(hello.stream, hello.last),
        Message::Batch(batch) if peer.may_send(&batch.stream) => station.said.sent(batch.stream, batch.to()),
        _ => {}
    }
}

async fn peer_of(station: &Shared, extensions: &Extensions) -> Result<Peer, Refusal> {
    let peer = crate::lan::peer(station, extensions, Standing::Valid).await?;
    if peer.role == Role::Terminal { Ok(peer) } else { Err(crate::lan::not_allowed()) }
}

async fn receive(station: &Shared, peer: &Peer, message: Vec<u8>) -> Result<Vec<u8>, Refusal> {
    // The time as head office told it: tills correct their clocks by ours.
    let now_ms = station.clock.now().corrected_ms();
    let incoming = Incoming::open(peer, &message).map_err(|why| malformed(&why))?;
    if incoming.is_batch() {
        let answer = station.writer.hand_in(incoming, now_ms).await.map_err(LedgerError::from)?;
        let receipt = answer.receipt().await.map_err(LedgerError::from)?;
        let receipt = receipt.ok_or_else(|| malformed(&WireError::Value("batch")))?;
        return Ok(Reply::Receipt(receipt).encode());
    }
    let clock = station.clock.clone();
    let received =
        station.writer.run(move |node| node.answer(incoming, HQ, clock.now().corrected_ms())).await;
    let reply = received.map_err(LedgerError::from)?.map_err(|why| malformed(&why))?;
    Ok(if station.clock.agreed_ms().is_none() { without_time(reply) } else { reply })
}

/// A till must not set its prices by an agent that did not hear the time from head office since it started (R19): it goes
/// on by its own clock, and by what it was told before.
fn without_time(reply: Vec<u8>) -> Vec<u8> {
    match Reply::decode(&reply) {
        Ok(Reply::Pull(answer)) => Reply::Pull(PullAnswer { now_ms: TIME_UNKNOWN_MS, ..answer }).encode(),
        Ok(_) | Err(_) => reply,
    }
}

/// Answers a pull at once when there is news, otherwise when there is or the time is over.
async fn wait_for_news(
    station: &Shared,
    peer: &Peer,
    message: &[u8],
    wait_ms: u32,
) -> Result<Vec<u8>, Refusal> {
    let deadline = tokio::time::Instant::now() + Duration::from_millis(wait_ms.into()).min(WAIT_MAX);
    let mut changes = station.writer.changes();
    loop {
        changes.mark_unchanged();
        let reply = receive(station, peer, message.to_vec()).await?;
        if has_news(&reply) {
            return Ok(reply);
        }
        tokio::select! {
            changed = changes.changed() => {
                if changed.is_err() {
                    return Ok(reply);
                }
            }
            // Answered anew: the reply tells the time, and the till sets its offset by it.
            () = tokio::time::sleep_until(deadline) => return receive(station, peer, message.to_vec()).await,
            () = station.stopping.cancelled() => return receive(station, peer, message.to_vec()).await,
        }
    }
}

fn has_news(reply: &[u8]) -> bool {
    match Reply::decode(reply) {
        Ok(Reply::Pull(answer)) => answer.has_news(),
        Ok(_) | Err(_) => true,
    }
}

fn malformed(why: &WireError) -> Refusal {
    let detail =
        format!("The message cannot be read: {why}. Bring till and agent to versions that fit together.");
    Refusal::new(ErrorCode::MalformedBody, detail)
}
