//! Liveness and readiness, without a token.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;

use super::App;

/// The journal answers within this, or the program is not ready.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// The program runs: this answer went through its event loop.
pub(super) async fn livez() -> &'static str {
    "alive\n"
}

/// Migrated, the journal answers, not draining.
pub(super) async fn readyz(State(app): State<App>) -> (StatusCode, &'static str) {
    match tokio::time::timeout(ANSWER_WITHIN, app.answers()).await {
        Ok(true) => (StatusCode::OK, "ready\n"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
    }
}
