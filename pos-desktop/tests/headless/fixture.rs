//! A till at work, and the agent end of its link: a node of its own that receives what the till sends and
//! answers its pulls.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use pos_desktop::config::{Config, LocalApiConfig};
use pos_desktop::headless::Running;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use sync::device::{DeviceFile, Devices};
use sync::node::Beside;
use sync::{Clock, Draft, Node, Reader, SqliteStore, Writer};
use sync_proto::catalogue::{Catalogue, price_feed_key, product_feed_key};
use sync_proto::fact::{
    AccountOpened, Fact, FeedScope, PriceScheduled, PriceScope, ProductChanged, ProductKind, SubjectNamed,
};
use sync_proto::ledger::{Depth, Ledger, Sale, SaleLine, SaleTender};
use sync_proto::project::All;
use sync_proto::rows::Table as _;
use sync_proto::tax::TaxClass;
use sync_proto::wire::{Message, Reply};
use sync_proto::{AccountId, Money, ProductId, Role, StationCode, TerminalNo, Unit};
use tempfile::TempDir;

pub const TOKEN: &str = "a-token";

/// Longest wait for what happens within milliseconds on an idle machine.
const PATIENCE: Duration = Duration::from_secs(20);

pub fn station() -> StationCode {
    StationCode::new("ST0001").unwrap()
}

pub fn till_device() -> DeviceFile {
    DeviceFile::mint(station(), Role::Terminal, Some(TerminalNo(1))).unwrap()
}

#[derive(Clone)]
pub struct Agent {
    pub writer: Writer<SqliteStore>,
    pub addr: SocketAddr,
    devices: Devices,
    clock: Clock,
}

impl Agent {
    pub async fn start(folder: &Path, till: &DeviceFile) -> Self {
        let path = folder.join("agent.db");
        let tables = [Sale::SPEC, SaleLine::SPEC, SaleTender::SPEC];
        let migrations = [sync::MIGRATION_JOURNAL, sync::MIGRATION_BOOKS];
        let mut store = SqliteStore::open(&path, &migrations, &tables).unwrap();
        store.enrol_device(&till.enrolled(), 0).unwrap();
        let me = DeviceFile::mint(station(), Role::Agent, None).unwrap().origin();
        let projections = All(vec![Box::new(Catalogue), Box::new(Ledger::new(Depth::Station))]);
        let clock = Clock::system();
        let node = Node::open(store, Arc::new(projections), me, [7; 16], clock.now()).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let agent = Self {
            writer: Writer::spawn(node).unwrap(),
            addr: listener.local_addr().unwrap(),
            devices: Devices::new(Reader::new(&path)),
            clock,
        };
        let router = Router::new().route("/sync", post(answer)).with_state(agent.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        agent
    }

    pub async fn publish(&self, scope: FeedScope, key: String, fact: Fact) {
        self.record(vec![Draft::published(fact, scope, key)]).await;
    }

    async fn record(&self, drafts: Vec<Draft>) {
        let now = self.clock.now();
        let recorded = self.writer.run(move |node| node.record(now, None, &drafts, Beside::default()));
        recorded.await.unwrap().unwrap();
    }

    pub async fn product(&self, id: &str, name: &str, unit: Unit, price: i64) {
        let product = ProductChanged {
            product: ProductId::new(id).unwrap(),
            name_ko: name.to_owned(),
            name_en: id.to_owned(),
            kind: if unit == Unit::Litre { ProductKind::Fuel } else { ProductKind::Goods },
            unit,
            tax: TaxClass::Taxed,
            barcode: None,
        };
        let key = product_feed_key(&product);
        self.publish(FeedScope::Chain, key, Fact::ProductChanged(product)).await;
        self.price(id, price).await;
    }

    /// A higher price takes effect later than a lower one, long ago.
    pub async fn price(&self, id: &str, won: i64) {
        let price = PriceScheduled {
            product: ProductId::new(id).unwrap(),
            scope: PriceScope::Chain,
            price: Money(won),
            effective_at_ms: won,
        };
        let key = price_feed_key(&price);
        self.publish(FeedScope::Chain, key, Fact::PriceScheduled(price)).await;
    }

    pub async fn account(&self, id: &str, name: &str, limit: i64) {
        let (account, scope) = (AccountId::new(id).unwrap(), FeedScope::Local(station()));
        let opened = AccountOpened { account: account.clone(), limit: Some(Money(limit)) };
        let named = SubjectNamed { account, name: name.to_owned() };
        // As an agent does: no till ever sees the account without its name.
        self.record(vec![
            Draft::published(Fact::AccountOpened(opened), scope.clone(), format!("account/{id}")),
            Draft::published(Fact::SubjectNamed(named), scope, format!("subject/{id}")),
        ])
        .await;
    }

    /// A number out of the agent's database.
    pub async fn count(&self, sql: &'static str) -> i64 {
        let read = self.writer.run(move |node| {
            node.store().connection().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap()
        });
        read.await.unwrap()
    }
}

async fn answer(
    State(agent): State<Agent>,
    Query(query): Query<BTreeMap<String, u64>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Vec<u8>, StatusCode> {
    let shown = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let peer = agent.devices.peer_of_header(shown).unwrap().ok_or(StatusCode::UNAUTHORIZED)?;
    let mut changes = agent.writer.changes();
    changes.mark_unchanged();
    let ask = || {
        let (peer, body, clock) = (peer.clone(), body.clone(), agent.clock.clone());
        agent.writer.run(move |node| node.receive(&peer, &body, "hq", clock.wall_ms()))
    };
    let first = ask().await.unwrap().map_err(|_| StatusCode::BAD_REQUEST)?;
    let wait = Duration::from_millis(query.get("wait_ms").copied().unwrap_or(0).min(25_000));
    // Whatever changed may concern this feed: the till asks again when it does not.
    if is_up_to_date(&body, &first) && tokio::time::timeout(wait, changes.changed()).await.is_ok() {
        return ask().await.unwrap().map_err(|_| StatusCode::BAD_REQUEST);
    }
    Ok(first)
}

/// A pull that brings nothing may wait for news.
fn is_up_to_date(message: &[u8], reply: &[u8]) -> bool {
    match (Message::decode(message), Reply::decode(reply)) {
        (Ok(Message::Pull(pull)), Ok(Reply::Pull(answer))) => {
            answer.through == pull.after && answer.writer == pull.writer
        }
        _ => false,
    }
}

pub struct Bench {
    pub agent: Agent,
    /// At work until the test ends, over a folder that goes with it.
    _till: (Running, TempDir),
    base: String,
    client: reqwest::Client,
}

/// An answer of the local API.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub location: Option<String>,
    pub media_type: String,
    pub body: Value,
}

impl Answer {
    pub fn code(&self) -> &str {
        self.body.get("code").and_then(Value::as_str).unwrap_or_default()
    }
}

impl Bench {
    /// A till whose menu has gasoline at 1,670 won and water at 1,000.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let device = till_device();
        let agent = Agent::start(folder.path(), &device).await;
        agent.product("CD1001", "휘발유", Unit::Litre, 1_670).await;
        agent.product("CD2001", "생수", Unit::Piece, 1_000).await;
        let config = Config {
            data_dir: folder.path().join("till"),
            agent_url: format!("http://{}", agent.addr),
            device,
            language: pos_core::settings::Language::Korean,
            calendar: pos_core::Calendar::new("Asia/Seoul", "00:00").unwrap(),
            local_api: Some(LocalApiConfig { addr: "127.0.0.1:0".parse().unwrap(), token: TOKEN.to_owned() }),
        };
        let till = Running::start(&config).await.unwrap();
        let base = format!("http://{}", till.api_addr().unwrap());
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let bench = Self { agent, _till: (till, folder), base, client };
        bench.until_listed("/productMenus", 2).await;
        bench
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base)).bearer_auth(TOKEN)
    }

    pub fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    /// A form, as existing integrations send it.
    pub async fn post(&self, path: &str, form: &str) -> Answer {
        let form_type = "application/x-www-form-urlencoded";
        let request = self.request(Method::POST, path).header("content-type", form_type);
        send(request.body(form.to_owned())).await
    }

    pub async fn sale_ids(&self) -> Vec<String> {
        let rows = self.get("/sales").await.body;
        let id = |row: &Value| row.get("saleId").and_then(Value::as_str).unwrap().to_owned();
        rows.as_array().unwrap().iter().map(id).collect()
    }

    pub async fn until_listed(&self, path: &str, count: usize) {
        let listed = async || self.get(path).await.body.as_array().map_or(0, Vec::len) == count;
        until(path, listed).await;
    }
}

pub async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let header =
        |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (location, media_type) = (header("location"), header("content-type").unwrap_or_default());
    let status = response.status().as_u16();
    let body = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null);
    Answer { status, location, media_type, body }
}

/// Asks again until it is so.
pub async fn until(what: &str, ask: impl AsyncFn() -> bool) {
    let begin = Instant::now();
    while !ask().await {
        assert!(begin.elapsed() < PATIENCE, "waited in vain for {what}");
        tokio::task::yield_now().await;
    }
}
