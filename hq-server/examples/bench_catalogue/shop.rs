//! A station: an agent with its till, on the product's nodes and drivers.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use hq_server::server;
use sync::device::random_16;
use sync::driver::{DownlinkConfig, StatusBoard, downlink};
use sync::enrolment::{CodeRow, Invited, Issuer, Lifetimes};
use sync::link::{HttpLink, Link, MqttLink, MqttLinkConfig};
use sync::peer::origin_of;
use sync::store::FeedHead;
use sync::{Clock, Node, Reader, SqliteStore, Store as _, Writer};
use sync_identity::exchange::Enrol;
use sync_identity::subject::{HEAD_OFFICE, agent_name};
use sync_identity::verify::{KnownTime, PeerVerifier, ServerCheck};
use sync_identity::{Identity, Kind, authority, tls};
use sync_proto::catalogue::{Catalogue, Price, Product, Station};
use sync_proto::devices::{Device, DeviceBook};
use sync_proto::fact::FeedScope;
use sync_proto::ledger::{Depth, FeedReport, Ledger};
use sync_proto::project::All;
use sync_proto::rows::Table as _;
use sync_proto::{StationCode, TerminalNo};
use tokio::task::JoinHandle;

use crate::door;
use crate::office::Office;

/// A feed that is not there by then never comes.
const WITHIN: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// A device of the chain.
pub struct Member {
    pub writer: Writer<SqliteStore>,
    identity: Identity,
    pulling: Option<JoinHandle<()>>,
}

impl Drop for Member {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Member {
    fn open(path: &Path, identity: Identity, depth: Depth) -> Result<Self> {
        let tables =
            [Product::SPEC, Price::SPEC, Station::SPEC, Device::SPEC, CodeRow::SPEC, FeedReport::SPEC];
        let store = SqliteStore::open(path, &sync::migrations(&[]), &tables)?;
        let books = All(vec![Box::new(Catalogue), Box::new(Ledger::new(depth)), Box::new(DeviceBook)]);
        let origin = origin_of(&identity.certified().subject);
        let node = Node::open(store, Arc::new(books), origin, random_16()?, Clock::system().now())?;
        Ok(Self { writer: Writer::spawn(node)?, identity, pulling: None })
    }

    /// The agent of a station, enrolled while head office does not run.
    pub fn agent(office: &Office, station: &str, path: &Path) -> Result<Self> {
        let clock = Clock::system();
        let mut node = office.node()?;
        let issuer = server::issuer(&office.config, &clock)?;
        let invited = Invited { station: StationCode::new(station)?, kind: Kind::Agent };
        let (code, _) = node.open_code(&issuer, &invited, clock.wall_ms())?;
        let (key, request) = authority::new_key()?;
        let (authority_key, authority_request) = authority::new_key()?;
        let asked = Enrol {
            code_id: code.id(),
            secret: code.secret(),
            device: None,
            request,
            authority_request: Some(authority_request),
        };
        let issued = node.redeem(&issuer, &asked, clock.now())?;
        let identity = Identity::of(key, Some(authority_key), issued).map_err(anyhow::Error::msg)?;
        Self::open(path, identity, Depth::Station)
    }

    /// A till of this agent's station.
    pub async fn till(&self, terminal: u16, path: &Path) -> Result<Self> {
        let authority = self.identity.authority().context("an agent has an authority")??;
        let roots = self.identity.roots().clone();
        let issuer = Issuer::Station { authority, roots, lifetimes: Lifetimes::STANDARD };
        let station = self.identity.certified().subject.station.clone();
        let (key, request) = authority::new_key()?;
        let enrol = move |node: &mut Node<SqliteStore>| {
            let now = Clock::system().now();
            let invited = Invited { station, kind: Kind::Till(TerminalNo(terminal)) };
            let (code, _) = node.open_code(&issuer, &invited, now.wall_ms)?;
            let (code_id, secret) = (code.id(), code.secret());
            let asked = Enrol { code_id, secret, device: None, request, authority_request: None };
            node.redeem(&issuer, &asked, now)
        };
        let issued = self.writer.run(enrol).await??;
        let identity = Identity::of(key, None, issued).map_err(anyhow::Error::msg)?;
        Self::open(path, identity, Depth::Till)
    }

    /// Takes tills; where.
    pub async fn door(&self, path: &Path) -> Result<std::net::SocketAddr> {
        let verifier =
            PeerVerifier::new(self.identity.roots(), Arc::new(|| KnownTime::AtLeast(0)), i64::MAX)?;
        let tls = tls::server(self.identity.credentials()?, verifier.clone())?;
        let station = self.identity.certified().subject.station.clone();
        door::open(self.writer.clone(), door::devices(Reader::new(path), station), (tls, verifier)).await
    }

    fn tls(&self, server: &str) -> Result<tls::ClientConfig> {
        let time = Arc::new(|| KnownTime::AtLeast(0));
        let check = ServerCheck::known(&self.identity.roots().head_office, server, time)?;
        Ok(tls::client(Some(self.identity.credentials()?), check)?)
    }

    /// Pulls the chain's feed from head office's broker at `addr`.
    pub fn pull_mqtt(&mut self, addr: String) -> Result<()> {
        let subject = &self.identity.certified().subject;
        let config = MqttLinkConfig {
            addr,
            station: subject.station.clone(),
            device: subject.device,
            tls: Arc::new(self.tls(HEAD_OFFICE)?),
            version: "bench".to_owned(),
        };
        let link = Arc::new(MqttLink::connect(config, Clock::system()));
        self.pull(link, DownlinkConfig::AGENT);
        Ok(())
    }

    /// Pulls the chain's feed from its agent at `addr`.
    pub fn pull_https(&mut self, addr: std::net::SocketAddr) -> Result<()> {
        let name = agent_name(&self.identity.certified().subject.station)?;
        let link = Arc::new(HttpLink::new(&format!("https://{addr}"), self.tls(&name)?)?);
        self.pull(link, DownlinkConfig::TILL);
        Ok(())
    }

    fn pull(&mut self, link: Arc<dyn Link>, config: DownlinkConfig) {
        let (clock, board) = (Clock::system(), StatusBoard::default());
        let driver = downlink(self.writer.clone(), link, FeedScope::Chain, config, clock, board);
        self.stop();
        self.pulling = Some(tokio::spawn(async move {
            // It ends with the writer only.
            let _ = driver.await;
        }));
    }

    /// As a program that was ended: nothing is asked any more.
    pub fn stop(&mut self) {
        if let Some(pulling) = self.pulling.take() {
            pulling.abort();
        }
    }

    /// Waits until the chain's feed stands at `head`; since when `begun` it took so long.
    pub async fn reaches(&self, head: FeedHead, begun: Instant) -> Result<Duration> {
        self.until(begun, move |node| Ok(node.store().feed_head(&FeedScope::Chain)? == Some(head))).await
    }

    /// Waits until `done`.
    pub async fn until(
        &self,
        begun: Instant,
        done: impl Fn(&mut Node<SqliteStore>) -> Result<bool> + Copy + Send + 'static,
    ) -> Result<Duration> {
        while begun.elapsed() < WITHIN {
            if self.writer.run(done).await?? {
                return Ok(begun.elapsed());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        bail!("it had not come after {WITHIN:?}")
    }
}

/// Where the chain's feed stands at head office, read beside it.
pub fn head_of(database: &Path) -> Result<FeedHead> {
    let connection = sync::store::sqlite::open_reader(database)?;
    let (writer, version): ([u8; 16], i64) =
        connection.query_row("SELECT writer, version FROM feeds WHERE scope = 'chain'", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    Ok(FeedHead {
        writer: sync_proto::Incarnation(writer),
        version: sync_proto::FeedVersion(u64::try_from(version)?),
    })
}
