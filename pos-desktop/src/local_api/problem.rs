//! Refusals as problem+json (RFC 9457) with a stable code.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pos_core::TillError;
use serde::Serialize;

/// A refusal. `detail` says what happened, why, and what now.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Problem {
    #[serde(rename = "type")]
    problem_type: &'static str,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: String,
    /// Older integrations read a bare boolean.
    result: bool,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        let status = status.as_u16();
        Self { problem_type: "about:blank", title, status, code, detail: detail.into(), result: false }
    }

    pub(super) fn unauthorized() -> Self {
        let detail =
            "the token is missing or wrong; send `Authorization: Bearer TOKEN` with the token of this till";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Unauthorized", detail)
    }

    pub(super) fn not_found() -> Self {
        let detail = "this till has no such path; check the address";
        Self::new(StatusCode::NOT_FOUND, "not_found", "Not found", detail)
    }

    pub(super) fn method_not_allowed() -> Self {
        let detail = "the path does not take this method; see the Allow header";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed", detail)
    }

    pub(super) fn not_ready() -> Self {
        let detail = "the till is starting or stopping; repeat in a moment";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", "Not ready", detail)
    }

    pub(super) fn body_too_large(len_max: usize) -> Self {
        let detail = format!("the body is larger than {len_max} bytes; no request of this till needs that");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "Body too large", detail)
    }

    pub(super) fn malformed_body(why: &str) -> Self {
        let detail = format!("the body does not read: {why}; correct it and send it again");
        Self::new(StatusCode::BAD_REQUEST, "malformed_body", "Malformed body", detail)
    }

    pub(super) fn unsupported_media_type() -> Self {
        let detail = "the body is neither a form nor JSON; set Content-Type to what it is";
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Unsupported media type",
            detail,
        )
    }

    pub(super) fn missing_field(name: &str) -> Self {
        let detail = format!("the field {name} is missing; send it in the form, the query or the JSON body");
        Self::new(StatusCode::BAD_REQUEST, "missing_field", "Missing field", detail)
    }

    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", "Bad request", detail)
    }

    pub(super) fn bad_quantity(why: &str) -> Self {
        let detail = format!("the quantity is refused: {why}; correct it");
        Self::new(StatusCode::BAD_REQUEST, "bad_quantity", "Bad quantity", detail)
    }
}

impl From<TillError> for Problem {
    fn from(why: TillError) -> Self {
        let (status, title) = match why.code() {
            "unknown_product" => (StatusCode::NOT_FOUND, "Unknown product"),
            "unknown_sale" => (StatusCode::NOT_FOUND, "Unknown sale"),
            "unknown_account" => (StatusCode::NOT_FOUND, "Unknown account"),
            "unknown_line" => (StatusCode::NOT_FOUND, "Unknown line"),
            "already_cancelled" => (StatusCode::CONFLICT, "Already cancelled"),
            "credit_exceeded" => (StatusCode::CONFLICT, "Credit exceeded"),
            "idempotency_key_reused" => (StatusCode::UNPROCESSABLE_ENTITY, "Idempotency key reused"),
            "card_number_refused" => (StatusCode::BAD_REQUEST, "Card number refused"),
            "bad_quantity" => (StatusCode::BAD_REQUEST, "Bad quantity"),
            "storage_full" => (StatusCode::INSUFFICIENT_STORAGE, "Storage full"),
            "storage_failed" => (StatusCode::INTERNAL_SERVER_ERROR, "Storage failed"),
            _ => (StatusCode::BAD_REQUEST, "Bad request"),
        };
        if status.is_server_error() {
            tracing::error!(%why, "the till's database failed");
        }
        Self::new(status, why.code(), title, why.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let unauthorized = status == StatusCode::UNAUTHORIZED;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if unauthorized {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
