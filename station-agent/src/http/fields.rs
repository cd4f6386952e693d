//! Fields of a request of an integration: query, form or JSON, all as text, so that a number never becomes a
//! float on its way.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::{Form, FromRequest, Query, Request};
use axum::http::{HeaderMap, Method, header};
use serde_json::value::RawValue;
use station_api::{ErrorCode, paths};
use sync_proto::BusinessDay;
use sync_proto::card::holds_card;
use sync_proto::decimal::parse_milli;

use super::body::json_refusal;
use super::{BODY_LEN_MAX, Refusal, read_limited};
use crate::ledger::{IdempotencyKey, LedgerError, PAGE_LEN_DEFAULT, PAGE_LEN_MAX, Page};

/// Most fields in one request.
const FIELDS_MAX: usize = 64;

/// The fields, with those of the body before those of the query.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    by_name: BTreeMap<String, String>,
    key: Option<IdempotencyKey>,
}

type Pairs = Vec<(String, String)>;

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Refusal;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let malformed = |what: &str| {
            Refusal::new(
                ErrorCode::MalformedBody,
                format!("{what} cannot be read. Correct it and send it again."),
            )
        };
        let Query(query) = Query::<Pairs>::try_from_uri(&parts.uri).map_err(|_| malformed("The query"))?;
        let mut by_name: BTreeMap<String, String> = query.into_iter().take(FIELDS_MAX).collect();
        let bytes = read_limited(body, BODY_LEN_MAX).await?;
        if !bytes.is_empty() {
            let fields = if is_json(&parts.headers, &bytes) {
                json_fields(&bytes)?
            } else {
                form_fields(bytes).await.ok_or_else(|| malformed("The form"))?
            };
            by_name.extend(fields.into_iter().take(FIELDS_MAX));
        }
        if by_name.iter().any(|(name, value)| holds_card(name) || holds_card(value)) {
            return Err(LedgerError::CardNumber.into());
        }
        Ok(Self { by_name, key: idempotency_key(&parts.headers)? })
    }
}

/// The request's `Idempotency-Key`.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Refusal> {
    let Some(value) = headers.get(paths::IDEMPOTENCY_KEY_HEADER) else { return Ok(None) };
    let text = value.to_str().map_err(|_| LedgerError::BadIdempotencyKey)?;
    Ok(Some(IdempotencyKey::new(text)?))
}

fn is_json(headers: &HeaderMap, bytes: &[u8]) -> bool {
    let named = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    match named {
        Some(named) if named.contains("json") => true,
        // curl names a form whatever it sends.
        _ => bytes.trim_ascii_start().starts_with(b"{"),
    }
}

fn json_fields(bytes: &[u8]) -> Result<Pairs, Refusal> {
    let raw: BTreeMap<String, Box<RawValue>> =
        serde_json::from_slice(bytes).map_err(|why| json_refusal(&why))?;
    let mut fields = Vec::with_capacity(raw.len().min(FIELDS_MAX));
    for (name, value) in raw {
        let text = value.get().trim();
        if text.starts_with('"') {
            fields.push((name, serde_json::from_str(text).map_err(|why| json_refusal(&why))?));
        } else if text != "null" {
            fields.push((name, text.to_owned()));
        }
    }
    Ok(fields)
}

async fn form_fields(bytes: Vec<u8>) -> Option<Pairs> {
    let request = Request::builder()
        .method(Method::POST)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(bytes))
        .ok()?;
    Form::<Pairs>::from_request(request, &()).await.ok().map(|Form(fields)| fields)
}

impl Fields {
    /// The request's key.
    #[must_use]
    pub const fn key(&self) -> Option<&IdempotencyKey> {
        self.key.as_ref()
    }

    /// A field that may be absent or empty.
    #[must_use]
    pub fn maybe(&self, name: &str) -> Option<&str> {
        self.by_name.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    /// A field that must be there.
    ///
    /// # Errors
    /// It is not, or it is empty.
    pub fn text(&self, name: &'static str) -> Result<&str, Refusal> {
        self.maybe(name).ok_or_else(|| {
            let detail = format!(
                "The field {name} is missing. Send it as a form field, a query parameter or in JSON."
            );
            Refusal::new(ErrorCode::MissingField, detail)
        })
    }

    /// A decimal number in thousandths, if it is there.
    ///
    /// # Errors
    /// Not a plain number, more than three decimals, above 10^9.
    pub fn maybe_milli(&self, name: &'static str) -> Result<Option<i64>, Refusal> {
        let number = |text| parse_milli(text).map_err(|why| LedgerError::BadNumber { field: name, why });
        Ok(self.maybe(name).map(number).transpose()?)
    }

    /// A decimal number in thousandths.
    ///
    /// # Errors
    /// As [`Self::maybe_milli`], or it is missing.
    pub fn milli(&self, name: &'static str) -> Result<i64, Refusal> {
        self.text(name)?;
        self.maybe_milli(name).map(Option::unwrap_or_default)
    }

    /// `limit` and `after`.
    ///
    /// # Errors
    /// `limit` is not a whole number from 1 on.
    pub fn page(&self) -> Result<Page, Refusal> {
        let limit = match self.maybe("limit") {
            None => PAGE_LEN_DEFAULT,
            Some(text) => text.parse::<u32>().ok().filter(|limit| *limit > 0).ok_or_else(|| {
                let detail = format!("limit must be a whole number from 1 to {PAGE_LEN_MAX}. Correct it.");
                Refusal::new(ErrorCode::BadRequest, detail)
            })?,
        };
        Ok(Page { limit: limit.min(PAGE_LEN_MAX), after: self.maybe("after").map(str::to_owned) })
    }

    /// `businessDay`, if it is there.
    ///
    /// # Errors
    /// Not `YYYY-MM-DD`.
    pub fn business_day(&self) -> Result<Option<BusinessDay>, Refusal> {
        self.maybe("businessDay").map(BusinessDay::new).transpose().map_err(|why| {
            Refusal::new(ErrorCode::BadRequest, format!("businessDay cannot be used: {why}. Correct it."))
        })
    }
}
