//! A till at work, and the agent end of its link: a node of its own that enrols it, receives what it sends and
//! answers its pulls, over TLS as an agent does.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use pos_desktop::config::{Config, LocalApiConfig};
use pos_desktop::headless::Running;
use pos_desktop::setup;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use sync::clock::time_after;
use sync::device::{Desk, Devices};
use sync::enrolment::{Invited, Issuer, Lifetimes};
use sync::listener::{Caller, LinkListener};
use sync::live::Live;
use sync::node::Beside;
use sync::peer::origin_of;
use sync::{Clock, Draft, Node, Reader, SqliteStore, Writer};
use sync_identity::exchange::{Enrol, Issued};
use sync_identity::standin::StandIn;
use sync_identity::verify::PeerVerifier;
use sync_identity::{Identity, Kind, Validity, tls};
use sync_proto::catalogue::{Catalogue, price_feed_key, product_feed_key};
use sync_proto::devices::{Device, DeviceBook};
use sync_proto::fact::{
    AccountOpened, Fact, FeedScope, PriceScheduled, PriceScope, ProductChanged, ProductKind, SubjectNamed,
};
use sync_proto::ledger::{Depth, Ledger, Sale, SaleLine, SaleTender};
use sync_proto::project::All;
use sync_proto::rows::Table as _;
use sync_proto::tax::TaxClass;
use sync_proto::wire::Reply;
use sync_proto::{AccountId, DeviceId, Money, ProductId, StationCode, TerminalNo, Unit};
use tempfile::TempDir;

pub const TOKEN: &str = "a-token";

/// Longest wait for what happens within milliseconds on an idle machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// From 2001 until 2096: whatever the clock of the machine says.
const LONG: Validity = Validity { from_ms: 1_000_000_000_000, until_ms: 4_000_000_000_000 };

pub fn station() -> StationCode {
    StationCode::new("ST0001").unwrap()
}

pub fn new_agent() -> Identity {
    StandIn::make(LONG).unwrap().agent(&station(), DeviceId([1; 16])).unwrap()
}

/// A till that some agent enrolled.
pub fn till_identity() -> Identity {
    let chain = StandIn::make(LONG).unwrap();
    let agent = chain.agent(&station(), DeviceId([1; 16])).unwrap();
    chain.of_station(&agent, Kind::Till(TerminalNo(1)), DeviceId([2; 16])).unwrap()
}

#[derive(Clone)]
pub struct Agent {
    pub writer: Writer<SqliteStore>,
    pub addr: SocketAddr,
    devices: Devices,
    issuer: Arc<Issuer>,
    clock: Clock,
}

impl Agent {
    pub async fn start(folder: &Path) -> Self {
        let identity = new_agent();
        let path = folder.join("agent.db");
        let tables = [Sale::SPEC, SaleLine::SPEC, SaleTender::SPEC, Device::SPEC];
        let store = SqliteStore::open(&path, &sync::migrations(&[]), &tables).unwrap();
        let me = origin_of(&identity.certified().subject);
        let projections =
            All(vec![Box::new(Catalogue), Box::new(Ledger::new(Depth::Station)), Box::new(DeviceBook)]);
        let clock = Clock::system();
        let node = Node::open(store, Arc::new(projections), me, [7; 16], clock.now()).unwrap();
        let verifier = PeerVerifier::new(identity.roots(), time_after(LONG.from_ms), 0).unwrap();
        let tls = tls::server(identity.credentials().unwrap(), verifier.clone()).unwrap();
        let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let listener = LinkListener::start(tcp, tls, verifier, Live::default()).unwrap();
        let issuer = Issuer::Station {
            authority: identity.authority().unwrap().unwrap(),
            roots: identity.roots().clone(),
            lifetimes: Lifetimes::STANDARD,
        };
        let agent = Self {
            writer: Writer::spawn(node).unwrap(),
            addr: listener.addr(),
            devices: Devices::new(Reader::new(&path), Desk::Station(station())),
            issuer: Arc::new(issuer),
            clock,
        };
        let router = Router::new()
            .route("/sync", post(answer))
            .route("/link/enrol", post(enrol))
            .with_state(agent.clone())
            .into_make_service_with_connect_info::<Caller>();
        tokio::spawn(async move { axum::serve(listener, router).await });
        agent
    }

    pub fn url(&self) -> String {
        format!("https://{}", self.addr)
    }

    pub async fn code(&self, kind: Kind) -> String {
        let (issuer, now_ms) = (Arc::clone(&self.issuer), self.clock.wall_ms());
        let invited = Invited { station: station(), kind };
        let opened = self.writer.run(move |node| node.open_code(&issuer, &invited, now_ms)).await;
        opened.unwrap().unwrap().0.text()
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

async fn enrol(State(agent): State<Agent>, Json(asked): Json<Enrol>) -> Result<Json<Issued>, StatusCode> {
    let now = agent.clock.now();
    let issued = agent.writer.run(move |node| node.redeem(&agent.issuer, &asked, now)).await.unwrap();
    issued.map(Json).map_err(|_| StatusCode::FORBIDDEN)
}

async fn answer(
    State(agent): State<Agent>,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Query(query): Query<BTreeMap<String, u64>>,
    body: Bytes,
) -> Result<Vec<u8>, StatusCode> {
    let shown = caller.shown.ok_or(StatusCode::UNAUTHORIZED)?;
    let peer = agent.devices.peer(&shown.certified).unwrap().ok_or(StatusCode::FORBIDDEN)?;
    let mut changes = agent.writer.changes();
    changes.mark_unchanged();
    let ask = || {
        let (peer, body, clock) = (peer.clone(), body.clone(), agent.clock.clone());
        agent.writer.run(move |node| node.receive(&peer, &body, "hq", clock.wall_ms()))
    };
    let first = ask().await.unwrap().map_err(|_| StatusCode::BAD_REQUEST)?;
    let wait = Duration::from_millis(query.get("wait_ms").copied().unwrap_or(0).min(25_000));
    // Whatever changed may concern this feed: the till asks again when it does not.
    if is_up_to_date(&first) && tokio::time::timeout(wait, changes.changed()).await.is_ok() {
        return ask().await.unwrap().map_err(|_| StatusCode::BAD_REQUEST);
    }
    Ok(first)
}

/// A pull that brings nothing may wait for news.
fn is_up_to_date(reply: &[u8]) -> bool {
    matches!(Reply::decode(reply), Ok(Reply::Pull(answer)) if !answer.has_news())
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
        let agent = Agent::start(folder.path()).await;
        agent.product("CD1001", "휘발유", Unit::Litre, 1_670).await;
        agent.product("CD2001", "생수", Unit::Piece, 1_000).await;
        let local_api = LocalApiConfig { addr: "127.0.0.1:0".parse().unwrap(), token: TOKEN.to_owned() };
        let config = Config {
            data_dir: folder.path().join("till"),
            identity_file: folder.path().join("till.json"),
            agent_url: agent.url(),
            hq_url: None,
            language: pos_core::settings::Language::Korean,
            calendar: pos_core::Calendar::new("Asia/Seoul", "00:00").unwrap(),
            keep_days: sync::retention::KeepDays::default(),
            local_api: Some(local_api),
        };
        setup::enrol(&config, &agent.code(Kind::Till(TerminalNo(1))).await).await.unwrap();
        let till = Running::start(&config, config.identity().unwrap().unwrap()).await.unwrap();
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
