//! Making the agent belong: one code of head office, typed once, in the setup screen or as `station-agent enrol`.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use station_api::enrolment::{self, Applicant, EnrolError};
use station_api::{ErrorCode, SetUp, SetupState, paths};
use sync::{SqliteStore, Store as _, StoreError};
use sync_identity::Identity;
use sync_proto::DeviceId;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::daemon::{StartError, database};
use crate::http::{JsonBody, Refusal, Shared, Token, shows_token};
use crate::store;

/// The answer to whoever enrolled the agent gets this long to be read.
const DRAIN_WITHIN: Duration = Duration::from_secs(1);

/// Enrols the agent at head office and keeps what it got. Whoever asked may hang up: once head office used the code,
/// what it brought is kept all the same.
///
/// # Errors
/// See [`EnrolError`]; nothing was kept.
pub async fn enrol(config: &Config, code: &str, device: Option<DeviceId>) -> Result<Identity, EnrolError> {
    let (config, code) = (config.clone(), code.to_owned());
    let enrolling = tokio::spawn(async move { enrol_and_keep(&config, &code, device).await });
    enrolling.await.unwrap_or_else(|why| Err(EnrolError::Answer(why.to_string())))
}

async fn enrol_and_keep(
    config: &Config,
    code: &str,
    device: Option<DeviceId>,
) -> Result<Identity, EnrolError> {
    let (identity, place) = enrolment::enrol(&config.hq_url(), code, Applicant::Agent, device).await?;
    if place.code != config.station.code {
        return Err(EnrolError::OtherPlace(format!(
            "the code was made for station {}, this agent is configured for {}",
            place.code, config.station.code
        )));
    }
    identity.write(&config.identity_file())?;
    tracing::info!(station = %place.code, "the agent is enrolled");
    Ok(identity)
}

/// The device of the database, if there is one: an agent that is enrolled again keeps its journal.
///
/// # Errors
/// The database does not open, or another process has it.
pub fn device_of_database(config: &Config) -> Result<Option<DeviceId>, StoreError> {
    let path = database(&config.data_dir);
    if !path.exists() {
        return Ok(None);
    }
    let mut store: SqliteStore = store::open_store(&path)?;
    Ok(store.streams()?.into_iter().rev().find(|row| row.own).map(|row| row.id.device))
}

struct Waiting {
    config: Config,
    token: Token,
    device: Option<DeviceId>,
    /// Held while a code is used: of two at once only one may count, or file and daemon are two devices.
    enrolled: Mutex<Option<Identity>>,
    done: CancellationToken,
}

/// Serves the setup on the listener of this machine until the agent is enrolled.
///
/// # Errors
/// The token or the listener cannot be had, or the database is in use.
pub async fn until_enrolled(config: &Config) -> Result<Identity, StartError> {
    let token = Token::read(&config.api_token_file)?;
    let path = config.data_dir.display().to_string();
    let device = device_of_database(config).map_err(|source| StartError::Store { path, source })?;
    let addr = config.http_addr;
    let listen = |source| StartError::Listen { key: "http_addr", addr, source };
    let listener = TcpListener::bind(addr).await.map_err(listen)?;
    let addr = listener.local_addr().map_err(listen)?;
    let waiting = Arc::new(Waiting {
        config: config.clone(),
        token,
        device,
        enrolled: Mutex::new(None),
        done: CancellationToken::new(),
    });
    let app = Router::new()
        .route(paths::LIVEZ, get(async || "ok\n"))
        .route(paths::SETUP, get(waiting_state).post(waiting_enrol))
        .fallback(async || not_enrolled())
        .with_state(Arc::clone(&waiting));
    tracing::info!(station = %config.station.code, %addr, "the agent is not enrolled yet: it waits for a code of head office");
    let served = axum::serve(listener, app).with_graceful_shutdown(waiting.done.clone().cancelled_owned());
    tokio::select! {
        served = served.into_future() => served.map_err(listen)?,
        () = drained(&waiting.done) => {}
    }
    let enrolled = waiting.enrolled.lock().await.take();
    enrolled.ok_or_else(|| listen(std::io::Error::other("the listener was closed")))
}

/// Returns some time after the agent was enrolled: a client that keeps a connection open and says nothing must not keep
/// the station waiting.
async fn drained(done: &CancellationToken) {
    done.cancelled().await;
    tokio::time::sleep(DRAIN_WITHIN).await;
}

fn not_enrolled() -> Refusal {
    let detail = "This station agent is not enrolled yet. Type a code of head office in its setup screen, or run `station-agent enrol --config FILE` on this computer and type it there.";
    Refusal::new(ErrorCode::NotEnrolled, detail)
}

fn starting() -> Refusal {
    Refusal::new(
        ErrorCode::NotReady,
        "The station agent was just enrolled and starts. Ask again in a moment.",
    )
}

fn state_of(config: &Config, enrolled: bool) -> SetupState {
    SetupState {
        enrolled,
        station_code: config.station.code.to_string(),
        station_name: config.station.name.clone(),
        hq_link: config.hq_link.clone(),
    }
}

fn without_token() -> Response {
    let detail = "The request shows no token, or a wrong one. Send the header Authorization: Bearer TOKEN with the token of this station.";
    Refusal::new(ErrorCode::Unauthorized, detail).into_response()
}

async fn waiting_state(State(waiting): State<Arc<Waiting>>, headers: HeaderMap) -> Response {
    if !shows_token(&waiting.token, &headers) {
        return without_token();
    }
    Json(state_of(&waiting.config, false)).into_response()
}

async fn waiting_enrol(
    State(waiting): State<Arc<Waiting>>,
    headers: HeaderMap,
    body: Result<JsonBody<SetUp>, Refusal>,
) -> Response {
    if !shows_token(&waiting.token, &headers) {
        return without_token();
    }
    let JsonBody(SetUp { code }) = match body {
        Ok(body) => body,
        Err(refusal) => return refusal.into_response(),
    };
    let mut enrolled = waiting.enrolled.lock().await;
    if waiting.done.is_cancelled() {
        return starting().into_response();
    }
    match enrol(&waiting.config, &code, waiting.device).await {
        Ok(identity) => {
            *enrolled = Some(identity);
            waiting.done.cancel();
            Json(state_of(&waiting.config, true)).into_response()
        }
        Err(why) => refusal(&why).into_response(),
    }
}

/// `GET /api/v1/setup` of an agent that is enrolled.
pub(crate) async fn state(State(station): State<Shared>) -> Json<SetupState> {
    Json(state_of(&station.setup.config, true))
}

/// `POST /api/v1/setup` of an agent that was enrolled: it was revoked, or its certificate ended long ago. The device
/// and its journal stay; the daemon starts anew with what it got.
pub(crate) async fn again(
    State(station): State<Shared>,
    JsonBody(SetUp { code }): JsonBody<SetUp>,
) -> Result<Json<SetupState>, Refusal> {
    let mut done = station.setup.done.lock().await;
    if *done {
        return Err(starting());
    }
    let device = station.writer.run(|node| node.own_stream().device).await;
    let device = device.map_err(crate::ledger::LedgerError::from)?;
    enrol(&station.setup.config, &code, Some(device)).await.map_err(|why| refusal(&why))?;
    *done = true;
    station.setup.again.notify_one();
    Ok(Json(state_of(&station.setup.config, true)))
}

fn refusal(why: &EnrolError) -> Refusal {
    let code = if why.is_unreachable() { ErrorCode::HqUnreachable } else { why.code() };
    let said = match why {
        EnrolError::Client(client) => client.problem().map(|problem| problem.detail.clone()),
        _ => None,
    };
    Refusal::new(code, said.unwrap_or_else(|| format!("The agent was not enrolled: {why}.")))
}
