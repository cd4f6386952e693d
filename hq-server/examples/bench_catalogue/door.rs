//! The agent's side of its tills: `POST /sync` over mutual TLS, where a pull may wait for news.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::StatusCode;
use axum::routing::post;
use rustls::ServerConfig;
use sync::device::{Desk, Devices};
use sync::link::SYNC_PATH;
use sync::listener::{Caller, LinkListener};
use sync::live::Live;
use sync::node::Incoming;
use sync::{Clock, Peer, SqliteStore, Writer};

use sync_identity::verify::PeerVerifier;
use sync_proto::wire::{Message, Reply};

/// Longest wait of a pull, as the product's.
const WAIT_MAX_MS: u64 = 25_000;

#[derive(Clone)]
struct Door {
    writer: Writer<SqliteStore>,
    devices: Devices,
    clock: Clock,
}

#[derive(serde::Deserialize)]
struct Wait {
    #[serde(default)]
    wait_ms: u64,
}

/// Listens; where.
pub async fn open(
    writer: Writer<SqliteStore>,
    devices: Devices,
    (tls, verifier): (ServerConfig, PeerVerifier),
) -> Result<SocketAddr> {
    let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let listener = LinkListener::start(tcp, tls, verifier, Live::default())?;
    let addr = listener.addr();
    let door = Door { writer, devices, clock: Clock::system() };
    let router = Router::new().route(SYNC_PATH, post(answer)).with_state(door);
    let service = router.into_make_service_with_connect_info::<Caller>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    Ok(addr)
}

/// Who may come to the agent of a station.
pub fn devices(reader: sync::Reader, station: sync_proto::StationCode) -> Devices {
    Devices::new(reader, Desk::Station(station))
}

async fn answer(
    State(door): State<Door>,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Query(wait): Query<Wait>,
    message: Bytes,
) -> Result<Vec<u8>, StatusCode> {
    let shown = caller.shown.ok_or(StatusCode::UNAUTHORIZED)?;
    let known = door.devices.look_up(shown.certified).await;
    let peer = known.ok().flatten().ok_or(StatusCode::FORBIDDEN)?;
    let waits = matches!(Message::decode(&message), Ok(Message::Pull(_))) && wait.wait_ms > 0;
    let until = tokio::time::Instant::now() + Duration::from_millis(wait.wait_ms.min(WAIT_MAX_MS));
    let mut changes = door.writer.changes();
    loop {
        changes.mark_unchanged();
        let reply = receive(&door, &peer, &message).await.map_err(|_| StatusCode::BAD_REQUEST)?;
        if !waits || has_news(&reply) || tokio::time::timeout_at(until, changes.changed()).await.is_err() {
            return Ok(reply);
        }
    }
}

async fn receive(door: &Door, peer: &Peer, message: &[u8]) -> Result<Vec<u8>> {
    let incoming = Incoming::open(peer, message)?;
    let now_ms = door.clock.wall_ms();
    let answered = door.writer.run(move |node| node.answer(incoming, "hq", now_ms)).await?;
    answered.context("an answer")
}

fn has_news(reply: &[u8]) -> bool {
    !matches!(Reply::decode(reply), Ok(Reply::Pull(answer)) if !answer.has_news())
}
