//! Parameters of the compat paths: query, form or JSON object, whichever the integration sends.

use std::collections::BTreeMap;

use axum::Form;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use serde_json::value::RawValue;
use sync_proto::decimal::parse_milli;
use sync_proto::{Money, ProductId};

use super::{Problem, body};
use crate::listing::{LIMIT_DEFAULT, LIMIT_MAX, Page};
use crate::once::Once;
use crate::refusal::Refusal;

/// Parameters at most; the widest path takes seven.
const PARAMS_MAX: usize = 50;

/// Parameters by name, and the key that came with them. Numbers are text until they are read exactly.
#[derive(Debug)]
pub struct Params {
    values: BTreeMap<String, String>,
    pub(super) once: Once,
}

impl<S: Send + Sync> FromRequest<S> for Params {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, bytes) = body::read(request, state).await?;
        let mut values = BTreeMap::new();
        let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|why| Refusal::MalformedBody(why.body_text()))?;
        take(&mut values, query.0)?;
        if !bytes.is_empty() {
            take(&mut values, in_body(&parts, bytes).await?)?;
        }
        let mut content = Vec::new();
        for (name, value) in &values {
            body::without_card(name)?;
            body::without_card(value)?;
            content.extend_from_slice(name.as_bytes());
            content.push(0);
            content.extend_from_slice(value.as_bytes());
            content.push(0);
        }
        let once = body::once(&parts, &content)?;
        Ok(Self { values, once })
    }
}

fn take(values: &mut BTreeMap<String, String>, more: Vec<(String, String)>) -> Result<(), Refusal> {
    values.extend(more);
    if values.len() > PARAMS_MAX {
        return Err(Refusal::BadRequest(format!("there are more than {PARAMS_MAX} parameters")));
    }
    Ok(())
}

async fn in_body(parts: &Parts, bytes: Bytes) -> Result<Vec<(String, String)>, Refusal> {
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/json" => in_json(&bytes),
        "application/x-www-form-urlencoded" => {
            let request = Request::from_parts(parts.clone(), Body::from(bytes));
            let form = Form::<Vec<(String, String)>>::from_request(request, &())
                .await
                .map_err(|why| Refusal::MalformedBody(why.body_text()))?;
            Ok(form.0)
        }
        _ => Err(Refusal::UnsupportedMediaType),
    }
}

fn in_json(bytes: &[u8]) -> Result<Vec<(String, String)>, Refusal> {
    let malformed = |why: serde_json::Error| Refusal::MalformedBody(why.to_string());
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(bytes).map_err(malformed)?;
    let mut values = Vec::with_capacity(members.len());
    for (name, raw) in members {
        let text = raw.get().trim();
        match text.as_bytes().first() {
            Some(b'"') => values.push((name, serde_json::from_str(text).map_err(malformed)?)),
            // Absent, as it was meant.
            Some(b'n') => {}
            Some(b'{' | b'[') => {
                let why = format!("`{name}` has to be a text or a number");
                return Err(Refusal::BadRequest(why));
            }
            // The number's own digits: no float in between.
            _ => values.push((name, text.to_owned())),
        }
    }
    Ok(values)
}

impl Params {
    /// A parameter that has to be there.
    pub fn text(&self, name: &'static str) -> Result<&str, Refusal> {
        self.optional(name).ok_or(Refusal::MissingField(name))
    }

    /// A parameter that may be left out; empty is left out.
    pub fn optional(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// A product's code. What cannot be a code is no product.
    pub fn product_id(&self) -> Result<ProductId, Refusal> {
        product_id(self.text("productId")?)
    }

    /// `qty` in litres or pieces, as thousandths.
    pub fn qty_milli(&self) -> Result<i64, Refusal> {
        parse_milli(self.text("qty")?).map_err(|why| Refusal::BadQuantity(why.to_string()))
    }

    /// `price` in whole won, if given.
    pub fn price(&self) -> Result<Option<Money>, Refusal> {
        let Some(text) = self.optional("price") else { return Ok(None) };
        let milli = parse_milli(text).map_err(|why| Refusal::BadPrice(why.to_string()))?;
        if milli % 1000 != 0 {
            return Err(Refusal::BadPrice("it has a part of a won".to_owned()));
        }
        crate::catalogue::check_price(Money(milli / 1000)).map(Some)
    }

    /// `limit` and `after`.
    pub fn page(&self) -> Result<Page, Refusal> {
        let limit = match self.optional("limit") {
            None => LIMIT_DEFAULT,
            Some(text) => text
                .parse::<u32>()
                .ok()
                .filter(|limit| (1..=LIMIT_MAX).contains(limit))
                .ok_or_else(|| Refusal::BadRequest(format!("limit has to be 1 to {LIMIT_MAX}")))?,
        };
        Ok(Page { limit, after: self.optional("after").map(str::to_owned) })
    }
}

/// A product's code; what cannot be one is an unknown product.
pub(super) fn product_id(text: &str) -> Result<ProductId, Refusal> {
    ProductId::new(text).map_err(|_| Refusal::UnknownProduct(text.chars().take(40).collect()))
}
