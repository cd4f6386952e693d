//! Starting and stopping the station's components.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use station_api::enrolment::{self, Renewal};
use sync::clock::{Agreement, known_time};
use sync::device::{Desk, Devices, random_16};
use sync::driver::StatusBoard;
use sync::enrolment::{Issuer, Lifetimes};
use sync::link::Link as _;
use sync::listener::{Caller, LinkListener};
use sync::live::Live;
use sync::peer::origin_of;
use sync::store::sqlite::{Fault, told};
use sync::upkeep::Upkeep;
use sync::{Clock, NodeError, Reader, StoreError, Writer};
use sync_identity::verify::PeerVerifier;
use sync_identity::{Identity, IdentityError, Kind, tls};
use sync_proto::fact::FeedScope;
use sync_proto::ledger::{Depth, Ledger};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Notify, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::calendar::CalendarError;
use crate::config::Config;
use crate::http::{Token, TokenError};
use crate::station::{HqView, LastSeen, Said, Setup, Station};
use crate::store::{self, AgentNode};
use crate::supervise::{RESTART_AFTER, Supervisor};
use crate::{hq_link, http};

/// Requests under way get this long to end when the daemon stops.
const DRAIN_WITHIN: Duration = Duration::from_secs(5);

/// Why the daemon did not start. One line each.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The identity does not read.
    #[error("identity_file {0}")]
    Identity(#[from] IdentityError),
    /// The identity is of another place or kind.
    #[error(
        "identity_file is of {kind} at station {found}, the configuration says an agent at {wanted}; enrol this station"
    )]
    OtherStation {
        /// The identity's station.
        found: String,
        /// What the identity is of.
        kind: String,
        /// The configured station.
        wanted: String,
    },
    /// Keys and certificates cannot be used.
    #[error("identity_file cannot be used: {0}; enrol this station again")]
    Unusable(String),
    /// The database cannot be opened.
    #[error("data folder {path}: {source}")]
    Store {
        /// The data folder.
        path: String,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// The journal cannot be opened.
    #[error("data folder {path}: {source}")]
    Journal {
        /// The data folder.
        path: String,
        /// Why.
        #[source]
        source: NodeError,
    },
    /// The listener cannot be opened.
    #[error("{key} {addr} cannot be used: {source}; is another program on that port?")]
    Listen {
        /// `http_addr` or `lan_addr`.
        key: &'static str,
        /// Which address.
        addr: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The system gave no thread, no randomness.
    #[error("the system refused: {0}")]
    System(#[source] std::io::Error),
    /// Never after the configuration was checked.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
}

/// The running daemon.
#[derive(Debug)]
pub struct Daemon {
    addr: SocketAddr,
    lan_addr: SocketAddr,
    station: Arc<Station>,
    supervisor: Supervisor,
    server: JoinHandle<std::io::Result<()>>,
    lan: JoinHandle<std::io::Result<()>>,
    belonging: JoinHandle<()>,
    faults: watch::Receiver<Option<Fault>>,
}

/// Where the database is.
#[must_use]
pub fn database(data_dir: &Path) -> PathBuf {
    data_dir.join(store::FILE_NAME)
}

impl Daemon {
    /// Opens everything and starts the components, as the device of `identity`.
    ///
    /// # Errors
    /// See [`StartError`]; nothing is left running.
    pub async fn start(config: &Config, identity: Identity) -> Result<Self, StartError> {
        let token = Token::read(&config.api_token_file)?;
        check_place(config, &identity)?;
        let clock = Clock::system();
        clock.resume(Agreement::not_before(identity.certified().issued_at_ms));
        let mut node = open(config, &identity, &clock)?;
        let faults = node.store().faults();
        let (listener, addr) = listen("http_addr", config.http_addr).await?;
        let (lan, lan_addr) = listen("lan_addr", config.lan_addr).await?;
        let time = known_time(&clock, identity.certified().issued_at_ms);
        let credentials = identity.credentials().map_err(unusable)?;
        let lifetimes = config.certificates.lifetimes();
        let verifier =
            PeerVerifier::new(identity.roots(), Arc::clone(&time), lifetimes.grace_ms).map_err(unusable)?;
        let check = enrolment::server_of(&identity, Arc::clone(&time)).map_err(unusable)?;
        let to_hq = tls::client(Some(Arc::clone(&credentials)), check).map_err(unusable)?;
        let live = Live::default();
        let of_lan = tls::server(Arc::clone(&credentials), verifier.clone()).map_err(unusable)?;
        let of_lan =
            LinkListener::start(lan, of_lan, verifier.clone(), live.clone()).map_err(StartError::System)?;

        let writer = Writer::spawn(node).map_err(StartError::System)?;
        let reader = Reader::new(&database(&config.data_dir));
        let stopping = CancellationToken::new();
        let link = hq_link::connect(&config.hq_mqtt, &identity.certified().subject, to_hq, &clock);
        let board = StatusBoard::default();
        let devices = Devices::new(reader.clone(), Desk::Station(config.station.code.clone()));
        let station = Arc::new(Station {
            code: config.station.code.clone(),
            name: config.station.name.clone(),
            calendar: config.station.calendar()?,
            clock: clock.clone(),
            writer: writer.clone(),
            devices,
            reader,
            issuer: std::sync::Mutex::new(Arc::new(issuer(&identity, lifetimes)?)),
            live,
            verifier,
            setup: Setup { config: config.clone(), again: Notify::new(), done: Mutex::default() },
            token,
            hq: HqView { board: board.clone(), up: link.up() },
            seen: LastSeen::default(),
            said: Said::default(),
            stopping: stopping.clone(),
        });
        let mut supervisor = Supervisor::new(stopping.clone(), RESTART_AFTER);
        let scopes = [FeedScope::Chain, FeedScope::Station(station.code.clone())];
        hq_link::start(&mut supervisor, &writer, &link, scopes, &clock, &board);
        hq_link::start_reporting(&mut supervisor, &station, &link);
        let upkeep = Upkeep {
            writer: writer.clone(),
            database: database(&config.data_dir),
            clock: clock.clone(),
            books: Some(Ledger::new(Depth::Station)),
            retention: Some(store::retention(config.keep_days)),
        };
        supervisor.start("upkeep", move || upkeep.clone().keep());
        let renewal = Renewal {
            base_url: config.hq_url(),
            credentials,
            time,
            wall_ms: || Clock::system().wall_ms(),
            up: link.up(),
            renewed: issues_with(&station),
        };
        let belonging = keep_belonging(&station, renewal, config.identity_file(), identity);
        let (server, lan) = serve(&station, listener, of_lan);
        tracing::info!(station = %station.code, %addr, %lan_addr, hq = config.hq_mqtt, "station agent is ready");
        Ok(Self { addr, lan_addr, station, supervisor, server, lan, belonging, faults })
    }

    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where tills and back offices come to.
    #[must_use]
    pub const fn lan_addr(&self) -> SocketAddr {
        self.lan_addr
    }

    /// What the components share.
    #[must_use]
    pub const fn station(&self) -> &Arc<Station> {
        &self.station
    }

    /// Returns when a listener, the journal's writer or the keeping of certificates fails, which none does while the daemon is well.
    /// The program then ends, so that whoever supervises it starts it again.
    pub async fn failed(&mut self) -> std::io::Error {
        let mut changes = self.station.writer.changes();
        let writer_ended = async { while changes.changed().await.is_ok() {} };
        tokio::select! {
            ended = &mut self.server => why_closed(ended),
            ended = &mut self.lan => why_closed(ended),
            // Without it nobody revoked would be cut, and our own certificate would end.
            _ = &mut self.belonging => std::io::Error::other("renewing and cutting connections have stopped"),
            fault = told(&mut self.faults) => std::io::Error::other(fault),
            () = writer_ended => std::io::Error::other("the journal's writer has stopped"),
        }
    }

    /// Lets requests under way end, stops the components and closes the database.
    pub async fn stop(mut self) {
        self.station.stopping.cancel();
        for server in [&mut self.server, &mut self.lan] {
            if tokio::time::timeout(DRAIN_WITHIN, &mut *server).await.is_err() {
                tracing::warn!("requests were still under way; they are cut off");
                server.abort();
            }
        }
        self.supervisor.ended().await;
        let checkpoint = self.station.writer.run(|node| node.store().checkpoint()).await;
        if let Ok(Err(why)) = checkpoint {
            // Harmless: the next start reads the log back.
            tracing::warn!(%why, "the database's log was not written back");
        }
        let mut changes = self.station.writer.changes();
        drop(self.station);
        // The writer's thread ends with its last handle; then the data folder is free for another process.
        let closed = async { while changes.changed().await.is_ok() {} };
        if tokio::time::timeout(DRAIN_WITHIN, closed).await.is_err() {
            tracing::warn!("the journal's writer is still busy");
        }
        tracing::info!("station agent has stopped");
    }
}

fn why_closed(ended: Result<std::io::Result<()>, tokio::task::JoinError>) -> std::io::Error {
    match ended {
        Ok(Ok(())) => std::io::Error::other("the listener was closed"),
        Ok(Err(why)) => why,
        Err(why) => std::io::Error::other(why),
    }
}

fn unusable(why: impl std::fmt::Display) -> StartError {
    StartError::Unusable(why.to_string())
}

async fn listen(key: &'static str, addr: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let refused = |source| StartError::Listen { key, addr, source };
    let listener = TcpListener::bind(addr).await.map_err(refused)?;
    let addr = listener.local_addr().map_err(refused)?;
    Ok((listener, addr))
}

fn serve(
    station: &Arc<Station>,
    listener: TcpListener,
    of_lan: LinkListener,
) -> (JoinHandle<std::io::Result<()>>, JoinHandle<std::io::Result<()>>) {
    let stopping = station.stopping.clone();
    let local = axum::serve(listener, http::local_router(Arc::clone(station)))
        .with_graceful_shutdown(stopping.clone().cancelled_owned());
    let service = http::lan_router(Arc::clone(station)).into_make_service_with_connect_info::<Caller>();
    let lan = axum::serve(of_lan, service).with_graceful_shutdown(stopping.cancelled_owned());
    (tokio::spawn(async move { local.await }), tokio::spawn(async move { lan.await }))
}

fn issuer(identity: &Identity, lifetimes: Lifetimes) -> Result<Issuer, StartError> {
    let authority = identity.authority().ok_or_else(|| unusable("it has no authority"))?.map_err(unusable)?;
    Ok(Issuer::Station { authority, roots: identity.roots().clone(), lifetimes })
}

/// A renewed identity brings a renewed authority.
fn issues_with(station: &Arc<Station>) -> Box<dyn Fn(&Identity) + Send + Sync> {
    let lifetimes = station.setup.config.certificates.lifetimes();
    let station = Arc::downgrade(station);
    Box::new(move |identity| {
        if let (Some(station), Ok(issuer)) = (station.upgrade(), issuer(identity, lifetimes)) {
            station.set_issuer(issuer);
        }
    })
}

/// Renews what we show, and cuts whoever does not belong any more, until the daemon stops.
fn keep_belonging(
    station: &Arc<Station>,
    renewal: Renewal,
    path: PathBuf,
    identity: Identity,
) -> JoinHandle<()> {
    let stopping = station.stopping.clone();
    let sweep = station.live.clone().keep_swept(station.devices.clone(), station.verifier.clone());
    tokio::spawn(async move {
        tokio::select! {
            () = renewal.keep(&path, identity) => {}
            () = sweep => {}
            () = stopping.cancelled() => {}
        }
    })
}

fn check_place(config: &Config, identity: &Identity) -> Result<(), StartError> {
    let subject = &identity.certified().subject;
    if subject.kind == Kind::Agent && subject.station == config.station.code {
        return Ok(());
    }
    Err(StartError::OtherStation {
        found: subject.station.to_string(),
        kind: subject.kind.label(),
        wanted: config.station.code.to_string(),
    })
}

fn open(config: &Config, identity: &Identity, clock: &Clock) -> Result<AgentNode, StartError> {
    let path = config.data_dir.display().to_string();
    let store = store::open_at_work(&database(&config.data_dir), config.keep_days, clock.wall_ms())
        .map_err(|source| StartError::Store { path: path.clone(), source })?;
    let entropy = random_16().map_err(|why| StartError::System(std::io::Error::other(why.to_string())))?;
    let me = origin_of(&identity.certified().subject);
    store::open_node(store, me, entropy, clock.now()).map_err(|source| StartError::Journal { path, source })
}
