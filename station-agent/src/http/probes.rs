//! Liveness and readiness, without a token.

use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::response::Response;
use station_api::ErrorCode;

use super::{Refusal, Shared};
use crate::store;

/// The writer takes a commit in milliseconds; a disk that hangs this long is worth a restart.
const WRITER_WITHIN: Duration = Duration::from_secs(10);

/// The process runs and its writer's loop turns.
pub(super) async fn livez(State(station): State<Shared>) -> Response {
    match tokio::time::timeout(WRITER_WITHIN, station.writer.run(|_| ())).await {
        Ok(Ok(())) => "ok\n".into_response(),
        _ => not_ready("The journal's writer does not answer. Restart the station agent."),
    }
}

/// The database is open, migrated and answers, and the daemon is not stopping.
pub(super) async fn readyz(State(station): State<Shared>) -> Response {
    if station.stopping.is_cancelled() {
        return not_ready("The station agent is stopping. Try again in a moment.");
    }
    let read = async {
        station.writer.run(|node| store::answers(node.store().connection()).is_ok()).await.unwrap_or(false)
            && station.reader.query(store::answers).await.is_ok()
    };
    match tokio::time::timeout(WRITER_WITHIN, read).await {
        Ok(true) => "ready\n".into_response(),
        _ => not_ready("The station's database does not answer. Check the disk."),
    }
}

fn not_ready(detail: &str) -> Response {
    Refusal::new(ErrorCode::NotReady, detail).into_response()
}
