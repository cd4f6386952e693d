//! R30: stations come back after an outage of three days, all in the same second, and others sell meanwhile.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};
use rusqlite::Connection;
use serde_json::{Value, json};
use sync::device::random_16;
use sync::driver::{StatusBoard, uplink};
use sync::link::MqttLink;
use sync::node::Beside;
use sync::peer::origin_of;
use sync::store::memory::MemoryStore;
use sync::{Clock, Draft, Node, Reader, Writer};
use sync_identity::Identity;
use sync_proto::project::All;
use sync_proto::{BusinessDay, Fact};

use crate::held;
use crate::many::{live_stations, times};
use crate::office::Office;
use crate::station::{enrol, link_config, sale};

/// Stations that were away, in the short form and with `--full`.
const AGENTS: u64 = 200;
const AGENTS_FULL: u64 = 2_000;
/// What each sold in three days: fifty a day, each with more than goes past the others as fresh.
const SALES_EACH: u64 = 150;

pub async fn measure(full: bool) -> Result<Value> {
    let away = if full { AGENTS_FULL } else { AGENTS };
    let folder = tempfile::tempdir()?;
    let clock = Clock::system();
    let office = Office::new(folder.path())?;
    let agents = enrol(&office.config, away + crate::many::LIVE, &clock)?;
    let (away_agents, live_agents) = agents.split_at(usize::try_from(away)?);
    let mut journals = Vec::new();
    for agent in away_agents {
        journals.push(backlog(agent, &clock)?);
    }
    let mut running = office.start()?;
    running.ready()?;
    let reader = Reader::new(&office.database());
    let selling = live_stations(&office, live_agents, folder.path(), &clock)?;
    held::wait(&reader, crate::many::LIVE).await?;
    let idle_kib = running.memory_max_kib()?;

    let (begun, begun_ms) = (Instant::now(), clock.wall_ms());
    for (writer, agent) in journals.into_iter().zip(away_agents) {
        let link = MqttLink::connect(link_config(office.mqtt_addr.clone(), agent)?, clock.clone());
        tokio::spawn(uplink(writer, Arc::new(link), "hq", clock.clone(), StatusBoard::default()));
    }
    let total = away * (SALES_EACH + 1);
    held::wait(&reader, total / 2).await?;
    let half_kib = running.memory_max_kib()?;
    // The live sales are in the count as well; every station is looked at below.
    held::wait(&reader, total).await?;
    while reader.query(behind).await? > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let drain = begun.elapsed();
    let memory_kib = running.memory_max_kib()?;
    for station in selling {
        station.abort();
        drop(station.await);
    }
    let waits_ms = times()?;
    running.kill()?;
    let connection = sync::store::sqlite::open_reader(&office.database())?;
    let (first_ms, last_ms) = slowest(&connection, begun_ms)?;
    let counted = held::sales(&office.database())?;
    ensure!(counted >= away * SALES_EACH, "{counted} sales are in head office's database after the kill");
    let at = |percent: usize| waits_ms.get(waits_ms.len() * percent / 100).copied().unwrap_or_default();
    Ok(json!({
        "rule": "R30",
        "durability": "D2",
        "agents": away,
        "sales": away * SALES_EACH,
        "drain_ms": drain.as_millis(),
        "slowest_first_stored_ms": first_ms,
        "slowest_last_stored_ms": last_ms,
        "memory_max_before_kib": idle_kib,
        "memory_max_at_half_kib": half_kib,
        "memory_max_kib": memory_kib,
        "live_sales": waits_ms.len(),
        "live_p50_ms": at(50),
        "live_p99_ms": at(99),
        "must": "live_p99_ms <= 5000, every station's sales arrive",
        "met": at(99) <= 5_000,
    }))
}

/// A station's journal in memory: what is measured is head office.
fn backlog(agent: &Identity, clock: &Clock) -> Result<Writer<MemoryStore>> {
    let origin = origin_of(&agent.certified().subject);
    let books = Arc::new(All(Vec::new()));
    let mut node = Node::open(MemoryStore::default(), books, origin, random_16()?, clock.now())?;
    let me = node.me().clone();
    let life = node.own_stream().incarnation;
    let drafts: Vec<Draft> = (1..=SALES_EACH)
        .map(|counter| Ok(Draft::new(Fact::Sold(sale(&me.station, &life, counter)?))))
        .collect::<Result<_>>()?;
    node.record(clock.now(), BusinessDay::new("2026-11-23").ok().as_ref(), &drafts, Beside::default())?;
    Ok(Writer::spawn(node)?)
}

/// Stations whose sales are not all there.
fn behind(connection: &Connection) -> rusqlite::Result<i64> {
    let all = i64::try_from(SALES_EACH + 1).unwrap_or(i64::MAX);
    connection.query_row(
        "SELECT count(*) FROM streams WHERE own = 0 AND head_seq > 40 AND head_seq < ?1",
        [all],
        |row| row.get(0),
    )
}

/// When the last station's first sale was stored, and the last sale of all; milliseconds from `begun_ms` on.
fn slowest(connection: &Connection, begun_ms: i64) -> Result<(i64, i64)> {
    let all = i64::try_from(SALES_EACH + 1)?;
    Ok(connection.query_row(
        "SELECT max(first) - ?1, max(last) - ?1 FROM (SELECT min(received_at_ms) AS first, \
         max(received_at_ms) AS last FROM entries JOIN streams USING (stream_id) \
         WHERE own = 0 AND head_seq = ?2 GROUP BY stream_id)",
        [begun_ms, all],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?)
}
