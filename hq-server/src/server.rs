//! The program's life: open, seed, serve, drain.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sync::device::{Desk, Devices};
use sync::enrolment::Issuer;
use sync::listener::{Caller, LinkListener};
use sync::live::Live;
use sync::store::sqlite::{Fault, told};
use sync::{Clock, NodeError, Reader, SqliteStore, StoreError};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::authorities::AuthorityError;
use crate::broker::{Broker, BrokerError, poke_on_movement};
use crate::catalogue::{CatalogueFileError, read_catalogue_file, seed_catalogue};
use crate::config::{Config, ConfigError};
use crate::http::{App, link_router, router};
use crate::ingest::Ingest;
use crate::logistics::{self, WHEN_ORDERED_PLAN_SHIPMENT};
use crate::order::WHEN_REQUESTED_ANSWER;
use crate::refusal::Refusal;
use crate::role::{Follower, Policy, Role};
use crate::stations::{Presence, register_stations};
use crate::store::{DATABASE_NAME, Hq, HqWriter, OpenError, open_node, open_store};

mod chores;
mod door;

use door::Door;

/// A process that takes over waits this long for the one that drains (R7).
const LEASE_WITHIN: Duration = Duration::from_secs(5);

/// Between two looks at the lease.
const LEASE_RETRY: Duration = Duration::from_millis(50);

/// Requests under way have this long to end.
const DRAIN_WITHIN: Duration = Duration::from_secs(5);

/// Why head office did not start. One line on stderr.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data folder.
    #[error("data_dir {path}: {why}; give a folder that this user may write")]
    DataDir {
        /// Which folder.
        path: String,
        /// What the system said.
        why: String,
    },
    /// The database.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database is not whole. Nothing is set aside here: what stations hold comes again by itself (R11), and people
    /// decide which backup it comes to.
    #[error(
        "the database is damaged and was left as it is: {0}; restore the newest backup with `hq-server restore`, stations then send again what it lacks"
    )]
    Damaged(String),
    /// The first catalogue.
    #[error(transparent)]
    Catalogue(#[from] CatalogueFileError),
    /// The first catalogue has a product that cannot be taken.
    #[error("catalogue_file: {0}")]
    Seed(#[from] Refusal),
    /// The API's address.
    #[error(
        "http_addr {addr} cannot be listened on: {why}; choose another address or stop the program that has it"
    )]
    Http {
        /// Which address.
        addr: std::net::SocketAddr,
        /// What the system said.
        why: String,
    },
    /// The address that devices come to.
    #[error(
        "{key} {addr} cannot be listened on: {why}; choose another address or stop the program that has it"
    )]
    Links {
        /// `mqtt_addr` or `link_addr`.
        key: &'static str,
        /// Which address.
        addr: std::net::SocketAddr,
        /// What the system said.
        why: String,
    },
    /// The authorities.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// Keys and certificates.
    #[error("head office's own certificate cannot be made: {0}")]
    Certificate(String),
    /// The broker.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// The system gives no thread.
    #[error("the system gives no thread: {0}")]
    Thread(std::io::Error),
    /// The configured time zone.
    #[error("time_zone: {0}")]
    Zone(#[from] jiff::Error),
}

impl From<NodeError> for StartError {
    fn from(why: NodeError) -> Self {
        Self::Open(why.into())
    }
}

impl From<StoreError> for StartError {
    fn from(why: StoreError) -> Self {
        Self::Open(why.into())
    }
}

/// A running head office.
#[derive(Debug)]
pub struct Running {
    /// Where the API and the console listen.
    pub http_addr: std::net::SocketAddr,
    /// Where the broker listens.
    pub mqtt_addr: std::net::SocketAddr,
    /// Where devices enrol, renew and exchange messages over HTTPS.
    pub link_addr: std::net::SocketAddr,
    /// Open connections of devices.
    pub live: Live,
    app: App,
    broker: Broker,
    ingest: Ingest,
    presence: Presence,
    writer: HqWriter,
    clock: Clock,
    stop: CancellationToken,
    serving: [JoinHandle<()>; 2],
    tasks: Vec<JoinHandle<()>>,
    faults: watch::Receiver<Option<Fault>>,
}

/// Opens the database, seeds it, and serves.
pub async fn start(config: &Config, clock: Clock) -> Result<Running, StartError> {
    let token = config.token()?;
    let zone = config.zone()?;
    let http_refused =
        |why: std::io::Error| StartError::Http { addr: config.http_addr, why: why.to_string() };
    let listener = TcpListener::bind(config.http_addr).await.map_err(http_refused)?;
    let http_addr = listener.local_addr().map_err(http_refused)?;
    let store = open_within(&config.data_dir, LEASE_WITHIN).await?;
    let mut node = open_node(store, &clock)?;
    node.store().hold_reserve();
    let faults = node.store().faults();
    seed(&mut node, config, &clock)?;
    let door = Door::open(config, &clock)?;
    let mqtt_links = door.listen("mqtt_addr", config.mqtt_addr, Some(config.mqtt_connections.rate())).await?;
    let links = door.listen("link_addr", config.link_addr, None).await?;
    let link_addr = links.addr();
    let incarnation = node.own_stream().incarnation.to_hex();
    let reader = Reader::new(&database(&config.data_dir));
    let devices = Devices::new(reader.clone(), Desk::HeadOffice);
    let presence = reader.read(Presence::load)?;
    let writer = HqWriter::spawn(node).map_err(StartError::Thread)?;
    let ingest = Ingest::new(writer.clone(), clock.clone(), presence.clone());
    let (broker, serving) = Broker::bind(mqtt_links, devices.clone(), ingest.clone()).await?;
    let wake = [Arc::new(Notify::new()), Arc::new(Notify::new())];
    let app = App::new(crate::http::Parts {
        writer: writer.clone(),
        reader: reader.clone(),
        clock: clock.clone(),
        presence: presence.clone(),
        devices: devices.clone(),
        issuer: Arc::clone(&door.issuer),
        ingest: ingest.clone(),
        links: vec![(door.live.clone(), door.verifier.clone())],
        wake: wake.clone(),
        token,
        station: config.station.clone(),
        zone,
        incarnation,
    });
    let stop = CancellationToken::new();
    let mut tasks = roles_at_work(&writer, &reader, &clock, wake);
    tasks.extend([
        tokio::spawn(serving.run()),
        tokio::spawn(poke_on_movement(broker.clone(), reader.clone(), presence.clone(), writer.changes())),
        tokio::spawn(chores::keep_presence(presence.clone(), writer.clone(), clock.clone())),
        tokio::spawn(door.live.clone().keep_swept(devices, door.verifier.clone())),
        tokio::spawn(door.clone().keep_certified(clock.clone())),
    ]);
    tasks.extend(chores::look_after(database(&config.data_dir), &writer, &clock));
    let serving =
        [serve_http(listener, app.clone(), stop.clone()), serve_links(links, app.clone(), stop.clone())];
    let (mqtt_addr, live) = (broker.addr(), door.live);
    tracing::info!(%http_addr, %mqtt_addr, %link_addr, "head office is ready");
    Ok(Running {
        http_addr,
        mqtt_addr,
        link_addr,
        live,
        app,
        broker,
        ingest,
        presence,
        writer,
        clock,
        stop,
        serving,
        tasks,
        faults,
    })
}

fn roles_at_work(
    writer: &HqWriter,
    reader: &Reader,
    clock: &Clock,
    wake: [Arc<Notify>; 2],
) -> Vec<JoinHandle<()>> {
    let [wake_order, wake_logistics] = wake;
    let follower = |role: Role, policy: Policy, wake: Arc<Notify>| Follower {
        role,
        policy,
        writer: writer.clone(),
        reader: reader.clone(),
        clock: clock.clone(),
        wake,
    };
    vec![
        at_work(follower(Role::Order, WHEN_REQUESTED_ANSWER, wake_order)),
        at_work(follower(Role::Logistics, WHEN_ORDERED_PLAN_SHIPMENT, wake_logistics)),
    ]
}

impl Running {
    /// Waits until the database cannot go on; the program ends then at once, without another write.
    pub async fn broken(&mut self) -> Fault {
        told(&mut self.faults).await
    }

    /// Answers what is under way, lets stations go, and closes the journal.
    pub async fn stop(self) {
        self.app.drain();
        self.stop.cancel();
        let until = tokio::time::Instant::now() + DRAIN_WITHIN;
        for mut serving in self.serving {
            if tokio::time::timeout_at(until, &mut serving).await.is_err() {
                tracing::warn!("some requests did not end in time and were cut off");
                serving.abort();
            }
        }
        for task in self.tasks {
            task.abort();
            // It was told to end; that it did so early is its result.
            let _ = task.await;
        }
        self.ingest.close();
        self.broker.disconnect_all().await;
        chores::store_presence(&self.presence, &self.writer, &self.clock).await;
        let checkpoint = self.writer.run(|node| node.store().checkpoint()).await;
        if let Ok(Err(why)) = checkpoint {
            tracing::warn!(%why, "the last checkpoint was not made; the next start makes it");
        }
        let mut changes = self.writer.changes();
        drop((self.app, self.ingest, self.writer));
        // The writer's thread ends with its last handle; then the database is free for another process.
        let closed = async { while changes.changed().await.is_ok() {} };
        if tokio::time::timeout(DRAIN_WITHIN, closed).await.is_err() {
            tracing::warn!("the journal's writer is still busy");
        }
        tracing::info!("head office has stopped");
    }

    /// Streams that send a backlog now, and those that wait for their turn.
    pub fn backlogs(&self) -> (usize, usize) {
        self.ingest.backlogs()
    }

    /// Messages of stations that were none, since the program started.
    pub fn garbage_count(&self) -> u64 {
        self.ingest.garbage_count()
    }
}

/// The database file in a data folder.
pub fn database(data_dir: &Path) -> PathBuf {
    data_dir.join(DATABASE_NAME)
}

/// Opens the database; waits for a process that is just draining.
pub async fn open_within(data_dir: &Path, within: Duration) -> Result<SqliteStore, StartError> {
    let started = Instant::now();
    loop {
        match open_store(data_dir) {
            Err(StoreError::InUse(_)) if started.elapsed() < within => tokio::time::sleep(LEASE_RETRY).await,
            Err(StoreError::Damaged(what)) => return Err(StartError::Damaged(what)),
            Err(StoreError::File { path, source }) => {
                return Err(StartError::DataDir { path, why: source.to_string() });
            }
            other => return Ok(other?),
        }
    }
}

/// Who issues certificates here, for commands while head office does not run.
pub fn issuer(config: &Config, clock: &Clock) -> Result<Arc<Issuer>, StartError> {
    Ok(Door::open(config, clock)?.issuer)
}

/// What the configuration names and the database does not have yet.
pub fn seed(node: &mut Hq, config: &Config, clock: &Clock) -> Result<(), StartError> {
    let now = clock.now();
    let added = register_stations(node, now, &config.all_stations())?;
    if added > 0 {
        tracing::info!(added, "stations of the configuration joined the register");
    }
    let mut rows = logistics::seed_vehicles(node, &config.vehicles)?;
    if !logistics::auto_dispatch_is_set(node)? {
        rows.push(logistics::set_auto_dispatch(config.auto_dispatch));
    }
    if !rows.is_empty() {
        node.write(rows, now.wall_ms)?;
    }
    if let Some(path) = &config.catalogue_file {
        let added = seed_catalogue(node, now, read_catalogue_file(path)?)?;
        if added > 0 {
            tracing::info!(added, "products of the catalogue file were published");
        }
    }
    Ok(())
}

/// A role as a task that is begun again if it ever ends in a panic.
fn at_work(follower: Follower) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            let attempt = tokio::spawn(follower.clone().run());
            let guard = AbortOnDrop(attempt.abort_handle());
            match attempt.await {
                Ok(()) => return,
                Err(why) => {
                    tracing::error!(%why, role = follower.role.as_str(), "a role failed and begins again");
                }
            }
            drop(guard);
            tokio::time::sleep(LEASE_RETRY).await;
        }
    })
}

struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn serve_http(listener: TcpListener, app: App, stop: CancellationToken) -> JoinHandle<()> {
    tokio::spawn(async move {
        let served = axum::serve(listener, router(app)).with_graceful_shutdown(stop.cancelled_owned()).await;
        if let Err(why) = served {
            tracing::error!(%why, "the API has ended");
        }
    })
}

fn serve_links(links: LinkListener, app: App, stop: CancellationToken) -> JoinHandle<()> {
    tokio::spawn(async move {
        let service = link_router(app).into_make_service_with_connect_info::<Caller>();
        let served = axum::serve(links, service).with_graceful_shutdown(stop.cancelled_owned()).await;
        if let Err(why) = served {
            tracing::error!(%why, "the listener of devices has ended");
        }
    })
}
