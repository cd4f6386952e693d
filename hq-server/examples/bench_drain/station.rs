//! Stations of a benchmark: enrolled, with a journal of sales.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use hq_server::config::Config;
use hq_server::server;
use sync::device::random_16;
use sync::enrolment::Invited;
use sync::link::MqttLinkConfig;
use sync::node::Beside;
use sync::peer::origin_of;
use sync::{Clock, Draft, Node, SqliteStore, Writer};
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
    BusinessDay, Fact, FeedVersion, Incarnation, Money, ProductId, Quantity, Stamp, StationCode, TerminalNo,
    Volume,
};

/// Facts per commit while a backlog is made.
const DRAFTS_PER_COMMIT: u64 = 500;
/// Between two sales of a station.
const SALE_EVERY_MS: i64 = 97_003;

/// Enrols the agents of stations 1 to `count` while head office does not run yet.
pub fn enrol(config: &Config, count: u64, clock: &Clock) -> Result<Vec<Identity>> {
    let mut node = hq_server::store::open_node(hq_server::store::open_store(&config.data_dir)?, clock)?;
    let issuer = server::issuer(config, clock)?;
    let mut agents = Vec::new();
    for number in 1..=count {
        let station = StationCode::new(format!("ST{number:04}"))?;
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
        agents.push(Identity::of(key, Some(authority_key), issued).map_err(anyhow::Error::msg)?);
    }
    Ok(agents)
}

pub fn link_config(addr: String, agent: &Identity) -> Result<MqttLinkConfig> {
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

/// An agent's journal. It records the sales itself: for the wire and for head office that makes no difference.
pub fn journal(path: &Path, agent: &Identity, clock: &Clock) -> Result<Node<SqliteStore>> {
    let store = SqliteStore::open(path, &sync::migrations(&[]), &[])?;
    let books = All(vec![Box::new(Catalogue), Box::new(Ledger::new(Depth::Station))]);
    let origin = origin_of(&agent.certified().subject);
    Ok(Node::open(store, Arc::new(books), origin, random_16()?, clock.now())?)
}

/// An agent's journal with `count` sales, none of them sent.
pub fn backlog(path: &Path, agent: &Identity, count: u64, clock: &Clock) -> Result<Writer<SqliteStore>> {
    let mut node = journal(path, agent, clock)?;
    let day = day()?;
    let (station, life) = (node.me().station.clone(), node.own_stream().incarnation);
    let mut drafts = Vec::new();
    for counter in 1..=count {
        drafts.push(Draft::new(Fact::Sold(sale(&station, &life, counter)?)));
        if counter % DRAFTS_PER_COMMIT == 0 || counter == count {
            node.record(clock.now(), Some(&day), &drafts, Beside::default())?;
            drafts.clear();
        }
    }
    Ok(Writer::spawn(node)?)
}

/// Records sale `counter`, about a minute and a half after the one before.
pub fn sell(node: &mut Node<SqliteStore>, counter: u64, clock: &Clock) -> Result<()> {
    let mut now: Stamp = clock.now();
    let later_ms = SALE_EVERY_MS * i64::try_from(counter)? + i64::try_from(mixed(counter) % 60_000)?;
    now.wall_ms += later_ms;
    now.mono_ms += later_ms.unsigned_abs();
    let (station, life) = (node.me().station.clone(), node.own_stream().incarnation);
    let sold = Draft::new(Fact::Sold(sale(&station, &life, counter)?));
    node.record(now, Some(&day()?), &[sold], Beside::default())?;
    Ok(())
}

fn day() -> Result<BusinessDay> {
    BusinessDay::new("2026-11-23").context("a day")
}

/// 85 % one line of fuel, the rest with one or two goods beside it.
pub fn sale(station: &StationCode, life: &Incarnation, counter: u64) -> Result<Sold> {
    let count = if counter % 20 < 17 { 1 } else { 2 + counter % 2 };
    let mut lines = Vec::new();
    for place in 0..count {
        let number = 1 + (counter + place * 5) % 12;
        let quantity = Quantity::Volume(Volume(1_000 + i64::try_from(mixed(counter + place) % 60_000)?));
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
    let sale = mint_sale_id(station, TerminalNo(1), life, counter)?;
    let approval = format!("{:08}", mixed(counter) % 100_000_000);
    let tenders = vec![Tender::Card { amount: total, approval }];
    Ok(Sold { sale, lines, tenders, total, vat: vat_within(TaxClass::Taxed, total) })
}

/// A number that shows no pattern, the same on every run (SplitMix64).
const fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
