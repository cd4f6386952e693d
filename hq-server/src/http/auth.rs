//! The bearer token in front of every path of the API.

use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::{App, Problem};
use crate::refusal::Refusal;

/// Lets a request through that shows the token.
pub(super) async fn require_token(State(app): State<App>, request: Request, next: Next) -> Response {
    let shown = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = shown.and_then(|value| value.strip_prefix("Bearer "));
    if token.is_some_and(|token| app.accepts(token.trim())) {
        next.run(request).await
    } else {
        Problem(Refusal::Unauthorized).into_response()
    }
}
