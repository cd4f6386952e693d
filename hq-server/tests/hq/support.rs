//! A head office of its own for each test, and an agent that talks to it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hq_server::config::Config;
use hq_server::server::{self, Running};
use hq_server::stations::StationSeed;
use serde_json::{Value, json};
use sync::device::{DeviceFile, random_16};
use sync::driver::{DownlinkConfig, StatusBoard, downlink, uplink};
use sync::link::{MqttLink, MqttLinkConfig};
use sync::node::Beside;
use sync::store::memory::MemoryStore;
use sync::{Clock, Draft, Node, Writer};
use sync_proto::catalogue::Catalogue;
use sync_proto::fact::{Fact, FeedScope};
use sync_proto::ledger::{Depth, Ledger};
use sync_proto::project::All;
use sync_proto::rows::{RowKey, Table};
use sync_proto::{BusinessDay, StationCode};
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
            mqtt_addr: any,
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
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
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

    pub async fn enrol(&self, station: &str) -> DeviceFile {
        let reply = self.post("/api/v1/devices", json!({ "stationCode": station })).await;
        assert_eq!(reply.status, 201, "{}", reply.body);
        serde_json::from_value(reply.body).unwrap()
    }

    pub async fn agent(&self, station: &str) -> Agent {
        let file = self.enrol(station).await;
        Agent::connect(file, &self.running.mqtt_addr.to_string())
    }
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
    clock: Clock,
    _tasks: JoinSet<()>,
}

impl Agent {
    pub fn connect(file: DeviceFile, addr: &str) -> Self {
        let clock = Clock::system();
        let books: Vec<Box<dyn sync_proto::project::Projection>> =
            vec![Box::new(Catalogue), Box::new(Ledger::new(Depth::Station))];
        let station = file.station.clone();
        let node = Node::open(
            MemoryStore::default(),
            Arc::new(All(books)),
            file.origin(),
            random_16().unwrap(),
            clock.now(),
        );
        let writer = Writer::spawn(node.unwrap()).unwrap();
        let config = MqttLinkConfig { addr: addr.to_owned(), device: file, version: "0.1.0".to_owned() };
        let link = Arc::new(MqttLink::connect(config, clock.clone()));
        let mut tasks = JoinSet::new();
        let status = StatusBoard::default();
        let up = uplink(writer.clone(), link.clone(), "hq", clock.clone(), status.clone());
        tasks.spawn(async move {
            let _ = up.await;
        });
        for scope in [FeedScope::Chain, FeedScope::Station(station)] {
            let (writer, link, clock, status) = (writer.clone(), link.clone(), clock.clone(), status.clone());
            tasks.spawn(async move {
                let _ = downlink(writer, link, scope, DownlinkConfig::AGENT, clock, status).await;
            });
        }
        Self { writer, clock, _tasks: tasks }
    }

    pub async fn record(&self, fact: Fact) {
        let now = self.clock.now();
        let day = BusinessDay::new("2026-11-23").unwrap();
        let drafts = vec![Draft::new(fact)];
        self.writer
            .run(move |node| node.record(now, Some(&day), &drafts, Beside::default()))
            .await
            .unwrap()
            .unwrap();
    }

    pub async fn row<T: Table + Send + 'static>(&self, key: RowKey) -> Option<T> {
        self.writer.run(move |node| node.get::<T>(&key)).await.unwrap().unwrap()
    }
}
