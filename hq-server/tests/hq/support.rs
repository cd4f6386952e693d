//! A head office of its own for each test, and an agent that talks to it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hq_server::config::{Certificates, Config, Connections};
use hq_server::server::{self, Running};
use hq_server::stations::StationSeed;
use serde_json::{Value, json};
use sync::device::random_16;
use sync::driver::{DownlinkConfig, StatusBoard, downlink, uplink};
use sync::link::{MqttLink, MqttLinkConfig};
use sync::node::Beside;
use sync::peer::origin_of;
use sync::store::memory::MemoryStore;
use sync::{Clock, Draft, Node, Peer, Writer};
use sync_identity::exchange::{ENROL_PATH, Enrol};
use sync_identity::subject::HEAD_OFFICE;
use sync_identity::verify::{KnownTime, ServerCheck};
use sync_identity::{Credentials, EnrolmentCode, Identity, authority, tls};
use sync_proto::catalogue::Catalogue;
use sync_proto::engine::SenderConfig;
use sync_proto::fact::{Fact, FeedApplied, FeedScope};
use sync_proto::ledger::{Depth, Ledger};
use sync_proto::project::All;
use sync_proto::rows::{RowKey, Table};
use sync_proto::wire::{Message, Outcome, Reply as SyncReply};
use sync_proto::{BusinessDay, DeviceId, Origin, Role, Seq, StationCode, TerminalNo};
use tokio::task::JoinSet;

pub const TOKEN: &str = "a-token-for-tests";

/// A running head office in a folder of its own.
pub struct Office {
    pub running: Running,
    pub config: Config,
    folder: tempfile::TempDir,
    http: reqwest::Client,
}

pub struct Reply {
    pub status: u16,
    pub body: Value,
}

fn seed(code: &str, name: &str, address: &str) -> StationSeed {
    let code = StationCode::new(code).unwrap();
    StationSeed { code, name: name.to_owned(), address: address.to_owned(), group: None }
}

impl Office {
    pub async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    pub async fn open_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("token");
        std::fs::write(&token, TOKEN).unwrap();
        let catalogue = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../assets/catalogue/sample.json");
        let any = "127.0.0.1:0".parse().unwrap();
        let mut config = Config {
            data_dir: folder.path().join("data"),
            http_addr: any,
            http_behind_tls_proxy: false,
            mqtt_addr: any,
            link_addr: any,
            ca_dir: None,
            mqtt_connections: Connections::default(),
            certificates: Certificates::default(),
            api_token_file: token,
            auto_dispatch: false,
            vehicles: vec!["경기80사1021".to_owned(), "경기80사1022".to_owned()],
            time_zone: "Asia/Seoul".to_owned(),
            station: Some(seed("ST0001", "SK Imme", "SK Imme Station")),
            stations: vec![
                seed("ST0002", "한강 셀프주유소", "서울특별시 마포구 양화로 127"),
                seed("ST0003", "Twin", "Twin Road 3"),
                seed("ST0004", "TWIN", "Twin Road 4"),
            ],
            catalogue_file: Some(catalogue),
        };
        change(&mut config);
        let running = server::start(&config, Clock::system()).await.unwrap();
        let http = plain_http();
        Self { running, config, folder, http }
    }

    /// Stops, and starts again on the same data.
    pub async fn reopen(self) -> Self {
        self.running.stop().await;
        let running = server::start(&self.config, Clock::system()).await.unwrap();
        Self { running, ..self }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.http_addr)
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        let response = request.bearer_auth(TOKEN).send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        Reply { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method.parse().unwrap(), self.url(path))
    }

    pub async fn get(&self, path: &str) -> Value {
        let reply = self.send(self.request("GET", path)).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        reply.body
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(self.request("POST", path).json(&body)).await
    }

    pub async fn form(&self, method: &str, path: &str, form: &str) -> Reply {
        let request = self.request(method, path);
        self.send(request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned()))
            .await
    }

    pub async fn place(&self, product: &str, qty: &str, dest: &str) -> Reply {
        self.form("POST", "/orders/placeOrder", &format!("productId={product}&qty={qty}&destAddr={dest}"))
            .await
    }

    pub fn link_url(&self, path: &str) -> String {
        format!("https://{}{path}", self.running.link_addr)
    }

    /// A one-time code for a station's agent.
    pub async fn code(&self, station: &str) -> EnrolmentCode {
        let reply = self.post("/api/v1/enrolment-codes", json!({ "stationCode": station })).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        EnrolmentCode::parse(reply.body["code"].as_str().unwrap()).unwrap()
    }

    pub async fn enrol(&self, station: &str) -> Identity {
        self.enrol_as(station, None).await
    }

    /// Enrols the device of an existing database once more, or a new one.
    pub async fn enrol_as(&self, station: &str, device: Option<DeviceId>) -> Identity {
        let code = self.code(station).await;
        let asked = Asked::of(&code, device);
        asked.send(&self.running.link_addr.to_string(), &code).await.expect("the code is good")
    }

    pub async fn revoke(&self, device: DeviceId) {
        let path = format!("/api/v1/devices/{device}/revoke");
        let reply = self.post(&path, json!({ "reason": "lost", "overridePending": true })).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
    }

    pub async fn agent(&self, station: &str) -> Agent {
        let identity = self.enrol(station).await;
        Agent::connect(&identity, &self.running.mqtt_addr.to_string())
    }
}

/// A request to belong, with the keys that stay at home.
pub struct Asked {
    key: String,
    authority_key: String,
    pub body: Enrol,
}

impl Asked {
    pub fn of(code: &EnrolmentCode, device: Option<DeviceId>) -> Self {
        let (key, request) = authority::new_key().unwrap();
        let (authority_key, authority_request) = authority::new_key().unwrap();
        let body = Enrol {
            code_id: code.id(),
            secret: code.secret(),
            device,
            request,
            authority_request: Some(authority_request),
        };
        Self { key, authority_key, body }
    }

    /// Asks head office, or says with which code it refused.
    pub async fn send(self, addr: &str, code: &EnrolmentCode) -> Result<Identity, String> {
        let check = ServerCheck::head_office_fitting(code.clone()).unwrap();
        let client = https(tls::client(None, check).unwrap());
        let response = client.post(format!("https://{addr}{ENROL_PATH}")).json(&self.body).send().await;
        let response = response.unwrap();
        if response.status() != 200 {
            let refusal: Value = response.json().await.unwrap();
            return Err(refusal["code"].as_str().unwrap_or_default().to_owned());
        }
        let issued = response.json().await.unwrap();
        Ok(Identity::of(self.key, Some(self.authority_key), issued).unwrap())
    }
}

/// A client of the API. The client library wants a provider of cryptography even where no TLS is spoken.
fn plain_http() -> reqwest::Client {
    // A second test in the same process finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// An HTTPS client that says who it is by `tls`.
pub fn https(tls: tls::ClientConfig) -> reqwest::Client {
    let client = reqwest::Client::builder().no_proxy().https_only(true).tls_backend_preconfigured(tls);
    client.timeout(Duration::from_secs(20)).build().unwrap()
}

/// Shows the certificate of `identity`, and wants to see head office's.
pub fn tls_of(identity: &Identity) -> tls::ClientConfig {
    tls_with(Some(identity.credentials().unwrap()), identity)
}

/// Shows `credentials`, and wants to see the head office that `trusting` knows.
pub fn tls_with(credentials: Option<Arc<Credentials>>, trusting: &Identity) -> tls::ClientConfig {
    let root = &trusting.roots().head_office;
    let check = ServerCheck::known(root, HEAD_OFFICE, Arc::new(|| KnownTime::AtLeast(0))).unwrap();
    tls::client(credentials, check).unwrap()
}

/// Looks again and again until there is something, for ten seconds at most.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let mut every = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..500 {
        every.tick().await;
        if let Some(found) = look().await {
            return found;
        }
    }
    panic!("{what} did not happen within ten seconds");
}

/// A station's agent on the product's own drivers and link, with its store in memory.
pub struct Agent {
    pub writer: Writer<MemoryStore>,
    pub link: Arc<MqttLink>,
    clock: Clock,
    _tasks: JoinSet<()>,
}

impl Agent {
    pub fn connect(identity: &Identity, addr: &str) -> Self {
        let clock = Clock::system();
        let books: Vec<Box<dyn sync_proto::project::Projection>> =
            vec![Box::new(Catalogue), Box::new(Ledger::new(Depth::Station))];
        let subject = identity.certified().subject.clone();
        let node = Node::open(
            MemoryStore::default(),
            Arc::new(All(books)),
            origin_of(&subject),
            random_16().unwrap(),
            clock.now(),
        );
        let writer = Writer::spawn(node.unwrap()).unwrap();
        let config = MqttLinkConfig {
            addr: addr.to_owned(),
            station: subject.station.clone(),
            device: subject.device,
            tls: Arc::new(tls_of(identity)),
            version: "0.1.0".to_owned(),
        };
        let link = Arc::new(MqttLink::connect(config, clock.clone()));
        let mut tasks = JoinSet::new();
        let status = StatusBoard::default();
        let up = uplink(writer.clone(), link.clone(), "hq", clock.clone(), status.clone());
        tasks.spawn(async move {
            let _ = up.await;
        });
        for scope in [FeedScope::Chain, FeedScope::Station(subject.station)] {
            let (writer, link, clock, status) = (writer.clone(), link.clone(), clock.clone(), status.clone());
            tasks.spawn(async move {
                let _ = downlink(writer, link, scope, DownlinkConfig::AGENT, clock, status).await;
            });
        }
        Self { writer, link, clock, _tasks: tasks }
    }

    pub async fn record(&self, fact: Fact) {
        self.record_all(vec![fact]).await;
    }

    pub async fn record_all(&self, facts: Vec<Fact>) {
        let now = self.clock.now();
        let day = BusinessDay::new("2026-11-23").unwrap();
        let drafts: Vec<Draft> = facts.into_iter().map(Draft::new).collect();
        self.writer
            .run(move |node| node.record(now, Some(&day), &drafts, Beside::default()))
            .await
            .unwrap()
            .unwrap();
    }

    /// Takes a till's journal, in which it says what it applied, as its agent does.
    pub async fn forward_till(&self, device: DeviceId, terminal: TerminalNo, reports: &[FeedApplied]) {
        let station = self.writer.run(|node| node.me().station.clone()).await.unwrap();
        let peer = Peer { station, device, role: Role::Terminal, terminal: Some(terminal) };
        let me = Origin { station: peer.station.clone(), device, role: peer.role, terminal: peer.terminal };
        let now = self.clock.now();
        let mut till = Node::open(MemoryStore::default(), Arc::new(Catalogue), me, device.0, now).unwrap();
        for report in reports {
            let draft = Draft::new(Fact::FeedApplied(report.clone()));
            till.record(now, None, &[draft], Beside::default()).unwrap();
        }
        let stream = till.own_stream();
        let batch = till.batch(stream, Seq(1), &SenderConfig::STANDARD).unwrap().unwrap();
        let bytes = Message::Batch(batch).encode();
        let reply = self.writer.run(move |node| node.receive(&peer, &bytes, "hq", now.wall_ms)).await;
        assert!(matches!(
            SyncReply::decode(&reply.unwrap().unwrap()),
            Ok(SyncReply::Receipt(receipt)) if matches!(receipt.outcome, Outcome::Accepted { .. })
        ));
    }

    pub async fn row<T: Table + Send + 'static>(&self, key: RowKey) -> Option<T> {
        self.writer.run(move |node| node.get::<T>(&key)).await.unwrap().unwrap()
    }
}
