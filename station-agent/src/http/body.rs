//! Bodies of requests, read within a limit.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;
use station_api::ErrorCode;
use sync_proto::card::json_holds_card;

use super::Refusal;
use crate::ledger::LedgerError;

/// Longest body of a request; the largest honest one has a few hundred bytes.
pub const BODY_LEN_MAX: usize = 1024 * 1024;

/// A body that is refused is still read this far and thrown away, so that the sender gets to read the answer
/// instead of a broken connection.
const DISCARDED_LEN_MAX: usize = 32 * 1024 * 1024;

/// A body comes within this time, or not at all.
const BODY_WITHIN: Duration = Duration::from_secs(30);

/// The body, if it is not longer than `len_max`.
///
/// # Errors
/// Too long, too slow, or cut off.
pub async fn read_limited(mut body: Body, len_max: usize) -> Result<Vec<u8>, Refusal> {
    let read = async {
        let mut bytes = Vec::new();
        while let Some(chunk) = next_chunk(&mut body).await? {
            if bytes.len().saturating_add(chunk.len()) > len_max {
                return Ok(None);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Some(bytes))
    };
    let outcome: Result<Option<Vec<u8>>, axum::Error> = match tokio::time::timeout(BODY_WITHIN, read).await {
        Ok(outcome) => outcome,
        Err(_) => return Err(cut_off()),
    };
    match outcome {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => {
            discard(body).await;
            let detail = format!("The body is longer than {len_max} bytes. Send a shorter one.");
            Err(Refusal::new(ErrorCode::BodyTooLarge, detail))
        }
        Err(_) => Err(cut_off()),
    }
}

fn cut_off() -> Refusal {
    Refusal::new(ErrorCode::MalformedBody, "The body ended before it was complete. Send it again.")
}

/// Reads and forgets what is left of a body.
pub(crate) async fn discard(mut body: Body) {
    let mut left = DISCARDED_LEN_MAX;
    let read = async {
        while let Ok(Some(chunk)) = next_chunk(&mut body).await {
            left = left.saturating_sub(chunk.len());
            if left == 0 {
                return;
            }
        }
    };
    // Whoever sends it slowly meets a closed connection instead of an answer.
    let _ = tokio::time::timeout(BODY_WITHIN, read).await;
}

async fn next_chunk(body: &mut Body) -> Result<Option<axum::body::Bytes>, axum::Error> {
    loop {
        match poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await {
            None => return Ok(None),
            Some(Err(why)) => return Err(why),
            Some(Ok(frame)) => {
                if let Ok(chunk) = frame.into_data() {
                    return Ok(Some(chunk));
                }
            }
        }
    }
}

/// A JSON body.
#[derive(Debug, Clone, Copy)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Refusal> {
        let bytes = read_limited(request.into_body(), BODY_LEN_MAX).await?;
        if json_holds_card(&bytes) {
            return Err(LedgerError::CardNumber.into());
        }
        serde_json::from_slice(&bytes).map(Self).map_err(|why| json_refusal(&why))
    }
}

/// What is wrong with JSON, under the code that fits.
pub(super) fn json_refusal(why: &serde_json::Error) -> Refusal {
    let text = why.to_string();
    let code = if !why.is_data() {
        ErrorCode::MalformedBody
    } else if text.starts_with("missing field") {
        ErrorCode::MissingField
    } else {
        ErrorCode::BadRequest
    };
    Refusal::new(code, format!("The body cannot be used: {text}. Correct it and send it again."))
}
