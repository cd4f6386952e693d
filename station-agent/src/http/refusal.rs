//! Refusals as problem+json.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use station_api::{ErrorCode, PROBLEM_MEDIA_TYPE, Problem};

use crate::ledger::LedgerError;

/// The answer to a request that was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(Box<Problem>);

impl Refusal {
    /// Under `code`; `detail` says what happened, why and what now.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self(Box::new(Problem::new(code, detail)))
    }

    /// The code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        self.0.code
    }
}

impl From<LedgerError> for Refusal {
    fn from(why: LedgerError) -> Self {
        if why.code().status() >= 500 {
            tracing::error!(error = ?why, "a request could not be served");
        }
        Self::new(why.code(), why.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(&*self.0)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_MEDIA_TYPE));
        if self.code() == ErrorCode::NotAllowed {
            // A certificate is shown once per connection: who was given another one since shows it on the next.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
