//! Fields of a request, from its query, a form or a JSON object, all as text: a number is never a float here.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::future::poll_fn;
use std::pin::Pin;

use axum::Form;
use axum::body::{Body, HttpBody as _};
use axum::extract::{FromRequest, Query, Request};
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use pos_core::TillError;
use serde_json::value::RawValue;
use sync_proto::card::holds_card;

use super::problem::Problem;

/// Largest body.
pub(super) const BODY_LEN_MAX: usize = 1024 * 1024;

/// A body that is too large is read to its end and dropped up to this length, so that its sender gets to
/// read the answer; beyond that the connection is closed on it.
const DRAINED_LEN_MAX: usize = 64 * 1024 * 1024;

/// Fields of one request.
#[derive(Debug, Default)]
pub(super) struct Fields(BTreeMap<String, String>);

impl Fields {
    /// A field that must be there and not be empty.
    pub(super) fn required(&self, name: &str) -> Result<&str, Problem> {
        self.optional(name).ok_or_else(|| Problem::missing_field(name))
    }

    /// A field that may be absent or empty.
    pub(super) fn optional(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    fn add(&mut self, name: String, value: String) -> Result<(), Problem> {
        if holds_card(&name) || holds_card(&value) {
            return Err(TillError::CardNumberRefused.into());
        }
        match self.0.entry(name) {
            Entry::Vacant(place) => {
                place.insert(value);
                Ok(())
            }
            Entry::Occupied(given) if *given.get() == value => Ok(()),
            Entry::Occupied(given) => {
                let name = given.key();
                Err(Problem::bad_request(format!("the field {name} is given twice with different values")))
            }
        }
    }

    fn add_pairs(&mut self, pairs: Vec<(String, String)>) -> Result<(), Problem> {
        pairs.into_iter().try_for_each(|(name, value)| self.add(name, value))
    }

    /// Members of a JSON object; numbers keep their digits.
    fn add_json(&mut self, body: &[u8]) -> Result<(), Problem> {
        let members: BTreeMap<String, Box<RawValue>> =
            serde_json::from_slice(body).map_err(|why| Problem::malformed_body(&why.to_string()))?;
        for (name, value) in members {
            let raw = value.get();
            match raw.as_bytes().first() {
                Some(b'n') => {}
                Some(b'"') => {
                    let text =
                        serde_json::from_str(raw).map_err(|why| Problem::malformed_body(&why.to_string()))?;
                    self.add(name, text)?;
                }
                Some(b'-' | b'0'..=b'9') => self.add(name, raw.to_owned())?,
                _ => {
                    return Err(Problem::bad_request(format!(
                        "the field {name} is neither text nor a number"
                    )));
                }
            }
        }
        Ok(())
    }
}

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let mut fields = Self::default();
        fields.add_pairs(query(&parts)?)?;
        let body = read(body).await?;
        if body.is_empty() {
            return Ok(fields);
        }
        match media_type(&parts).as_deref() {
            Some("application/json") => fields.add_json(&body)?,
            None | Some("application/x-www-form-urlencoded") => fields.add_pairs(form(body).await?)?,
            Some(_) => return Err(Problem::unsupported_media_type()),
        }
        Ok(fields)
    }
}

fn query(parts: &Parts) -> Result<Vec<(String, String)>, Problem> {
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
    pairs.map(|Query(pairs)| pairs).map_err(|why| Problem::bad_request(why.to_string()))
}

async fn form(body: Vec<u8>) -> Result<Vec<(String, String)>, Problem> {
    let request = Request::builder()
        .method(Method::POST)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body))
        .map_err(|why| Problem::malformed_body(&why.to_string()))?;
    let pairs = Form::<Vec<(String, String)>>::from_request(request, &()).await;
    pairs.map(|Form(pairs)| pairs).map_err(|why| Problem::malformed_body(&why.body_text()))
}

/// The body's type without its parameters; `None` when the request does not say.
fn media_type(parts: &Parts) -> Option<String> {
    let value = parts.headers.get(CONTENT_TYPE)?;
    let text = value.to_str().unwrap_or("unreadable");
    Some(text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

async fn read(mut body: Body) -> Result<Vec<u8>, Problem> {
    let mut kept = Vec::new();
    let mut len = 0usize;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|why| Problem::malformed_body(&why.to_string()))?;
        let Some(data) = frame.data_ref() else { continue };
        len = len.saturating_add(data.len());
        if len > DRAINED_LEN_MAX {
            break;
        }
        if len <= BODY_LEN_MAX {
            kept.extend_from_slice(data);
        } else {
            kept = Vec::new();
        }
    }
    if len > BODY_LEN_MAX { Err(Problem::body_too_large(BODY_LEN_MAX)) } else { Ok(kept) }
}
