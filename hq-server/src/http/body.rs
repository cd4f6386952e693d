//! Bodies and the Idempotency-Key of a request.

use axum::body::Bytes;
use axum::extract::{FromRequest, Path, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use sync_proto::card::{holds_card, json_holds_card};

use super::Problem;
use crate::once::{KEY_LEN_MAX, Once};
use crate::refusal::Refusal;

const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// A JSON body with the key that came with it.
#[derive(Debug)]
pub(super) struct JsonBody<T> {
    pub(super) value: T,
    pub(super) once: Once,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, bytes) = read(request, state).await?;
        if json_holds_card(&bytes) {
            return Err(Refusal::CardNumberRefused.into());
        }
        let value = serde_json::from_slice(&bytes).map_err(|why| Refusal::MalformedBody(why.to_string()))?;
        Ok(Self { value, once: once(&parts, &bytes)? })
    }
}

/// A request whose body, if any, says nothing: only its key counts.
#[derive(Debug)]
pub(super) struct NoBody {
    pub(super) once: Once,
}

impl<S: Send + Sync> FromRequest<S> for NoBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, _) = read(request, state).await?;
        Ok(Self { once: once(&parts, &[])? })
    }
}

/// An id in a path; what does not decode is no path of ours.
#[derive(Debug)]
pub(super) struct Named(pub(super) String);

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(name) =
            Path::<String>::from_request_parts(parts, state).await.map_err(|_| Refusal::NotFound)?;
        without_card(&name)?;
        Ok(Self(name))
    }
}

/// Reads the whole body, up to the limit.
pub(super) async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<(Parts, Bytes), Problem> {
    let (parts, body) = request.into_parts();
    let request = Request::from_parts(parts.clone(), body);
    let bytes = Bytes::from_request(request, state).await.map_err(|why| {
        if why.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Refusal::BodyTooLarge
        } else {
            Refusal::MalformedBody(why.body_text())
        }
    })?;
    Ok((parts, bytes))
}

/// Text from outside comes through here before anything is done with it: card data is neither kept, logged nor
/// repeated in an answer.
pub(super) fn without_card(text: &str) -> Result<(), Refusal> {
    if holds_card(text) { Err(Refusal::CardNumberRefused) } else { Ok(()) }
}

/// The request's key, bound to its method, path and content.
pub(super) fn once(parts: &Parts, content: &[u8]) -> Result<Once, Refusal> {
    let Some(value) = parts.headers.get(IDEMPOTENCY_KEY) else { return Ok(Once::default()) };
    let key = value.to_str().unwrap_or_default();
    if key.is_empty() || key.len() > KEY_LEN_MAX {
        let why = format!("Idempotency-Key has to have 1 to {KEY_LEN_MAX} printable ASCII characters");
        return Err(Refusal::BadRequest(why));
    }
    without_card(key)?;
    let mut hasher = Sha256::new();
    hasher.update(parts.method.as_str());
    hasher.update([0]);
    hasher.update(parts.uri.path());
    hasher.update([0]);
    hasher.update(content);
    Ok(Once::keyed(key.to_owned(), hasher.finalize().into()))
}
