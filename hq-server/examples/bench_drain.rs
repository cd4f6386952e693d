//! How fast head office takes a station's backlog: an agent's journal with N sales, the real MQTT link, the
//! real broker and head office's own projections, durable at every acknowledgement (D2).
//!
//! Yardstick, in the same run on the same disk: the same rows of the same tables read from head office's
//! database and written in bulk to a fresh one, without a network. Prints one line of JSON.

#![expect(clippy::print_stdout, reason = "the line of JSON is this example's product")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use hq_server::config::Config;
use hq_server::server;
use rusqlite::Connection;
use rusqlite::types::Value;
use sync::device::random_16;
use sync::driver::{StatusBoard, uplink};
use sync::enrolment::Invited;
use sync::link::{MqttLink, MqttLinkConfig};
use sync::node::Beside;
use sync::peer::origin_of;
use sync::{Clock, Draft, Node, Reader, SqliteStore, Writer};
use sync_identity::exchange::Enrol;
use sync_identity::subject::HEAD_OFFICE;
use sync_identity::verify::{KnownTime, ServerCheck};
use sync_identity::{Identity, Kind, authority, tls};
use sync_proto::catalogue::Catalogue;
use sync_proto::fact::{Line, Sold, Tender};
use sync_proto::ids::mint_sale_id;
use sync_proto::ledger::{Depth, Ledger};
use sync_proto::project::All;
use sync_proto::quantity::line_amount;
use sync_proto::tax::{TaxClass, vat_within};
use sync_proto::{
    BusinessDay, Fact, FeedVersion, Money, ProductId, Quantity, StationCode, TerminalNo, Volume,
};

/// Sales in the backlog unless `--sales N` says otherwise.
const SALES: u64 = 20_000;
/// Facts per commit while the backlog is made.
const DRAFTS_PER_COMMIT: u64 = 500;
/// Rows per transaction of the yardstick.
const ROWS_PER_COMMIT: usize = 10_000;
/// A backlog that is not there by then never comes.
const DRAIN_WITHIN: Duration = Duration::from_secs(300);
/// Tables that the drain fills.
const TABLES: [&str; 7] =
    ["entries", "sales", "sale_lines", "sale_tenders", "stock_flows", "sales_summaries", "day_totals"];

#[tokio::main]
async fn main() -> Result<()> {
    let sales = std::env::args().skip_while(|word| word != "--sales").nth(1);
    let sales = sales.map_or(Ok(SALES), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let clock = Clock::system();
    let station = StationCode::new("ST0001")?;

    let config = config(folder.path())?;
    let agent = enrol(&config, station, &clock)?;
    let backlog = backlog(&folder.path().join("agent.db"), &agent, sales, &clock)?;
    let hq = server::start(&config, clock.clone()).await?;

    let begun = Instant::now();
    let link = MqttLink::connect(link_config(hq.mqtt_addr.to_string(), &agent)?, clock.clone());
    let status = StatusBoard::default();
    let sending = tokio::spawn(uplink(backlog, Arc::new(link), "hq", clock, status));
    let reader = Reader::new(&server::database(&config.data_dir));
    let drain = wait_for(&reader, sales, begun).await?;
    sending.abort();
    hq.stop().await;

    let bulk = copy_in_bulk(&server::database(&config.data_dir), &folder.path().join("bulk.db"))?;
    let per_second = |took: Duration| u128::from(sales) * 1_000_000 / took.as_micros().max(1);
    let figures = serde_json::json!({
        "name": "J2 short",
        "durability": "D2",
        "sales": sales,
        "drain_ms": drain.as_millis(),
        "drain_sales_per_second": per_second(drain),
        "bulk_ms": bulk.as_millis(),
        "bulk_sales_per_second": per_second(bulk),
        "share_of_limit_milli": bulk.as_micros() * 1_000 / drain.as_micros().max(1),
    });
    println!("{figures}");
    Ok(())
}

fn config(folder: &Path) -> Result<Config> {
    let token = folder.join("token");
    std::fs::write(&token, "a-token-for-the-benchmark")?;
    let text = format!(
        "data_dir = {:?}\nhttp_addr = \"127.0.0.1:0\"\nmqtt_addr = \"127.0.0.1:0\"\nlink_addr = \"127.0.0.1:0\"\napi_token_file = {token:?}\n",
        folder.join("hq")
    );
    let path = folder.join("hq.toml");
    std::fs::write(&path, text)?;
    Ok(Config::read(&path)?)
}

/// Enrols the agent while head office does not run yet.
fn enrol(config: &Config, station: StationCode, clock: &Clock) -> Result<Identity> {
    let mut node = hq_server::store::open_node(hq_server::store::open_store(&config.data_dir)?, clock)?;
    let issuer = server::issuer(config, clock)?;
    let (code, _) = node.open_code(&issuer, &Invited { station, kind: Kind::Agent }, clock.wall_ms())?;
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
    Identity::of(key, Some(authority_key), issued).map_err(anyhow::Error::msg)
}

fn link_config(addr: String, agent: &Identity) -> Result<MqttLinkConfig> {
    let time = Arc::new(|| KnownTime::AtLeast(0));
    let check = ServerCheck::known(&agent.roots().head_office, HEAD_OFFICE, time)?;
    let subject = &agent.certified().subject;
    Ok(MqttLinkConfig {
        addr,
        station: subject.station.clone(),
        device: subject.device,
        tls: Arc::new(tls::client(Some(agent.credentials()?), check)?),
        version: "bench".to_owned(),
    })
}

/// An agent's database with `count` sales of one till, none of them sent. The agent records them itself:
/// for the wire and for head office that makes no difference.
fn backlog(path: &Path, agent: &Identity, count: u64, clock: &Clock) -> Result<Writer<SqliteStore>> {
    let store = SqliteStore::open(path, &sync::migrations(&[]), &[])?;
    let books = All(vec![Box::new(Catalogue), Box::new(Ledger::new(Depth::Station))]);
    let mut node =
        Node::open(store, Arc::new(books), origin_of(&agent.certified().subject), random_16()?, clock.now())?;
    let day = BusinessDay::new("2026-11-23").context("a day")?;
    let mut drafts = Vec::new();
    for counter in 1..=count {
        drafts.push(Draft::new(Fact::Sold(sale(&node, counter)?)));
        if counter % DRAFTS_PER_COMMIT == 0 || counter == count {
            node.record(clock.now(), Some(&day), &drafts, Beside::default())?;
            drafts.clear();
        }
    }
    Ok(Writer::spawn(node)?)
}

/// 85 % one line of fuel, the rest with one or two goods beside it.
fn sale(node: &Node<SqliteStore>, counter: u64) -> Result<Sold> {
    let life = node.own_stream().incarnation;
    let count = if counter % 20 < 17 { 1 } else { 2 + counter % 2 };
    let mut lines = Vec::new();
    for place in 0..count {
        let number = 1 + (counter + place * 5) % 12;
        let quantity = Quantity::Volume(Volume(1_000 + i64::try_from(counter * 7_919 % 60_000)?));
        let unit_price = Money(1_200 + i64::try_from(number * 37)?);
        lines.push(Line {
            product: ProductId::new(format!("CD{:04}", 1_000 + number))?,
            quantity,
            unit_price,
            amount: line_amount(unit_price, quantity),
            tax: TaxClass::Taxed,
            price_version: FeedVersion(number),
        });
    }
    let total: Money = lines.iter().map(|line| line.amount).sum();
    let sale = mint_sale_id(&node.me().station, TerminalNo(1), &life, counter)?;
    let tenders =
        vec![Tender::Card { amount: total, approval: format!("{:08}", counter * 7_919 % 100_000_000) }];
    Ok(Sold { sale, lines, tenders, total, vat: vat_within(TaxClass::Taxed, total) })
}

async fn wait_for(reader: &Reader, sales: u64, begun: Instant) -> Result<Duration> {
    while begun.elapsed() < DRAIN_WITHIN {
        let held: i64 = reader
            .query(|connection| connection.query_row("SELECT count(*) FROM sales", [], |row| row.get(0)))
            .await?;
        if u64::try_from(held) == Ok(sales) {
            return Ok(begun.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bail!("the backlog had not arrived after {DRAIN_WITHIN:?}")
}

/// The limit: the same rows, read and written with prepared statements in large transactions, same pragmas.
fn copy_in_bulk(from: &Path, to: &Path) -> Result<Duration> {
    let source = sync::store::sqlite::open_reader(from)?;
    let mut target = Connection::open(to)?;
    target.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    target.pragma_update(None, "synchronous", "FULL")?;
    // Rows only: whether they refer to each other is not what is measured.
    target.pragma_update(None, "foreign_keys", false)?;
    target.execute_batch(sync::MIGRATION_JOURNAL)?;
    target.execute_batch(sync::MIGRATION_BOOKS)?;
    let begun = Instant::now();
    for table in TABLES {
        copy_table(&source, &mut target, table)?;
    }
    Ok(begun.elapsed())
}

fn copy_table(source: &Connection, target: &mut Connection, table: &str) -> Result<()> {
    let mut read = source.prepare(&format!("SELECT * FROM {table}"))?;
    let places: Vec<String> = (1..=read.column_count()).map(|n| format!("${n}")).collect();
    let insert = format!("INSERT INTO {table} VALUES ({})", places.join(", "));
    let width = read.column_count();
    let mut rows = read.query([])?;
    loop {
        let transaction = target.transaction()?;
        let mut written = 0;
        {
            let mut write = transaction.prepare_cached(&insert)?;
            while written < ROWS_PER_COMMIT
                && let Some(row) = rows.next()?
            {
                let cells: Vec<Value> = (0..width).map(|n| row.get(n)).collect::<Result<_, _>>()?;
                write.execute(rusqlite::params_from_iter(cells))?;
                written += 1;
            }
        }
        transaction.commit()?;
        if written < ROWS_PER_COMMIT {
            return Ok(());
        }
    }
}
