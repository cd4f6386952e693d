//! Starting and stopping the station's components.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sync::device::{DeviceFile, DeviceFileError, Devices, random_16};
use sync::driver::StatusBoard;
use sync::link::Link as _;
use sync::{Clock, NodeError, Reader, StoreError, Writer};
use sync_proto::Role;
use sync_proto::fact::FeedScope;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::calendar::CalendarError;
use crate::config::Config;
use crate::http::{Token, TokenError};
use crate::station::{HqView, LastSeen, Station};
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
    /// No device file.
    #[error("device_file {0}; make it with `hq-server enrol --station CODE --out FILE`")]
    Device(#[from] DeviceFileError),
    /// The device file is of another place or role.
    #[error(
        "device_file is of {role} at station {found}, the configuration says an agent at {wanted}; enrol this station"
    )]
    OtherStation {
        /// The file's station.
        found: String,
        /// The file's role.
        role: &'static str,
        /// The configured station.
        wanted: String,
    },
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
    #[error("http_addr {addr} cannot be used: {source}; is another program on that port?")]
    Listen {
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
    station: Arc<Station>,
    supervisor: Supervisor,
    server: JoinHandle<std::io::Result<()>>,
}

/// Where the database is.
#[must_use]
pub fn database(data_dir: &Path) -> PathBuf {
    data_dir.join(store::FILE_NAME)
}

impl Daemon {
    /// Opens everything and starts the components.
    ///
    /// # Errors
    /// See [`StartError`]; nothing is left running.
    pub async fn start(config: &Config) -> Result<Self, StartError> {
        let token = Token::read(&config.api_token_file)?;
        let device = device_of(config)?;
        let clock = Clock::system();
        let node = open(config, &device, &clock)?;
        let addr = config.http_addr;
        let listener = TcpListener::bind(addr).await.map_err(|source| StartError::Listen { addr, source })?;
        let addr = listener.local_addr().map_err(StartError::System)?;

        let writer = Writer::spawn(node).map_err(StartError::System)?;
        let reader = Reader::new(&database(&config.data_dir));
        let stopping = CancellationToken::new();
        let link = hq_link::connect(&config.hq_mqtt, device, &clock);
        let board = StatusBoard::default();
        let station = Arc::new(Station {
            code: config.station.code.clone(),
            name: config.station.name.clone(),
            calendar: config.station.calendar()?,
            clock: clock.clone(),
            writer: writer.clone(),
            devices: Devices::new(reader.clone()),
            reader,
            token,
            hq: HqView { board: board.clone(), up: link.up() },
            seen: LastSeen::default(),
            stopping: stopping.clone(),
        });
        let mut supervisor = Supervisor::new(stopping.clone(), RESTART_AFTER);
        let scopes = [FeedScope::Chain, FeedScope::Station(station.code.clone())];
        hq_link::start(&mut supervisor, &writer, &link, scopes, &clock, &board);
        let app = http::router(Arc::clone(&station));
        let serve = axum::serve(listener, app).with_graceful_shutdown(stopping.cancelled_owned());
        let server = tokio::spawn(async move { serve.await });
        tracing::info!(station = %station.code, %addr, hq = config.hq_mqtt, "station agent is ready");
        Ok(Self { addr, station, supervisor, server })
    }

    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What the components share.
    #[must_use]
    pub const fn station(&self) -> &Arc<Station> {
        &self.station
    }

    /// Returns when the listener or the journal's writer fails, which neither does while the daemon is well.
    /// The program then ends, so that whoever supervises it starts it again.
    pub async fn failed(&mut self) -> std::io::Error {
        let mut changes = self.station.writer.changes();
        let writer_ended = async { while changes.changed().await.is_ok() {} };
        tokio::select! {
            ended = &mut self.server => match ended {
                Ok(Ok(())) => std::io::Error::other("the listener was closed"),
                Ok(Err(why)) => why,
                Err(why) => std::io::Error::other(why),
            },
            () = writer_ended => std::io::Error::other("the journal's writer has stopped"),
        }
    }

    /// Lets requests under way end, stops the components and closes the database.
    pub async fn stop(mut self) {
        self.station.stopping.cancel();
        if tokio::time::timeout(DRAIN_WITHIN, &mut self.server).await.is_err() {
            tracing::warn!("requests were still under way; they are cut off");
            self.server.abort();
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

fn device_of(config: &Config) -> Result<DeviceFile, StartError> {
    let device = DeviceFile::read(&config.device_file)?;
    if device.role != Role::Agent || device.station != config.station.code {
        return Err(StartError::OtherStation {
            found: device.station.to_string(),
            role: device.role.as_str(),
            wanted: config.station.code.to_string(),
        });
    }
    Ok(device)
}

fn open(config: &Config, device: &DeviceFile, clock: &Clock) -> Result<AgentNode, StartError> {
    let path = config.data_dir.display().to_string();
    let store = store::open_store(&database(&config.data_dir))
        .map_err(|source| StartError::Store { path: path.clone(), source })?;
    let entropy = random_16().map_err(|why| StartError::System(std::io::Error::other(why.to_string())))?;
    store::open_node(store, device.origin(), entropy, clock.now())
        .map_err(|source| StartError::Journal { path, source })
}
