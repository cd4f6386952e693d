//! J2b: many stations come back at once, and others sell meanwhile.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use sync::driver::{StatusBoard, uplink};
use sync::link::MqttLink;
use sync::{Clock, Reader, SqliteStore, Writer};
use sync_identity::Identity;
use tokio::task::JoinHandle;

use crate::bulk::copy_in_bulk;
use crate::held;
use crate::office::Office;
use crate::station::{backlog, enrol, journal, link_config, sell};

/// Stations that were away.
const AGENTS: u64 = 500;
/// Stations that were not, and sell while the others catch up.
pub const LIVE: u64 = 5;
/// Between two sales of one of those.
const SELL_EVERY: Duration = Duration::from_millis(200);
const LOOK_EVERY: Duration = Duration::from_millis(5);

pub async fn measure(sales: u64) -> Result<Value> {
    let folder = tempfile::tempdir()?;
    let clock = Clock::system();
    let office = Office::new(folder.path())?;
    let agents = enrol(&office.config, AGENTS + LIVE, &clock)?;
    let each = sales / AGENTS;
    let mut journals = Vec::new();
    for (number, agent) in agents.iter().enumerate().take(usize::try_from(AGENTS)?) {
        journals.push(backlog(&folder.path().join(format!("{number}.db")), agent, each, &clock)?);
    }
    let mut running = office.start()?;
    running.ready()?;
    let reader = Reader::new(&office.database());
    let selling = live_stations(&office, &agents[usize::try_from(AGENTS)?..], folder.path(), &clock)?;
    held::wait(&reader, LIVE).await?;

    let begun = Instant::now();
    for (writer, agent) in journals.into_iter().zip(&agents) {
        send(writer, &office, agent, &clock)?;
    }
    let total = AGENTS * (each + 1);
    held::wait(&reader, total / 10).await?;
    let memory_early_kib = running.memory_max_kib()?;
    // The live sales are in the count as well; the exact one is made below.
    held::wait(&reader, total).await?;
    let drain = begun.elapsed();
    let memory_kib = running.memory_max_kib()?;
    for station in selling {
        station.abort();
        // Whoever was selling tells its times through the shared list.
        drop(station.await);
    }
    let waits_ms = times()?;
    running.kill()?;
    let counted = held::sales(&office.database())?;
    ensure!(counted >= sales, "{counted} of {sales} sales are in head office's database after the kill");
    let bulk = copy_in_bulk(&office.database(), &folder.path().join("bulk.db"))?;
    let ratio = bulk.as_micros() * 1_000 / drain.as_micros().max(1);
    let p99 = waits_ms.get(waits_ms.len() * 99 / 100).copied().unwrap_or_default();
    Ok(json!({
        "job": "J2b",
        "durability": "D2",
        "agents": AGENTS,
        "sales": sales,
        "drain_ms": drain.as_millis(),
        "bulk_ms": bulk.as_millis(),
        "ratio_milli": ratio,
        "memory_max_at_a_tenth_kib": memory_early_kib,
        "memory_max_kib": memory_kib,
        "live_sales": waits_ms.len(),
        "live_p50_ms": waits_ms.get(waits_ms.len() / 2).copied().unwrap_or_default(),
        "live_p99_ms": p99,
        "must": "ratio_milli >= 500, live_p99_ms <= 5000",
        "met": ratio >= 500 && p99 <= 5_000,
    }))
}

/// Stations that sell, each with a journal of its own in `folder`.
pub fn live_stations(
    office: &Office,
    agents: &[Identity],
    folder: &Path,
    clock: &Clock,
) -> Result<Vec<JoinHandle<Result<()>>>> {
    let mut selling = Vec::new();
    for (number, agent) in agents.iter().enumerate() {
        let writer = Writer::spawn(journal(&folder.join(format!("live-{number}.db")), agent, clock)?)?;
        send(writer.clone(), office, agent, clock)?;
        selling.push(tokio::spawn(live(writer, clock.clone())));
    }
    Ok(selling)
}

/// How long live sales took so far, the shortest first.
pub fn times() -> Result<Vec<u64>> {
    let mut waits_ms = WAITS.lock().ok().context("the list of waits")?.clone();
    waits_ms.sort_unstable();
    Ok(waits_ms)
}

static WAITS: std::sync::Mutex<Vec<u64>> = std::sync::Mutex::new(Vec::new());

fn send(writer: Writer<SqliteStore>, office: &Office, agent: &Identity, clock: &Clock) -> Result<()> {
    let link = MqttLink::connect(link_config(office.mqtt_addr.clone(), agent)?, clock.clone());
    tokio::spawn(uplink(writer, Arc::new(link), "hq", clock.clone(), StatusBoard::default()));
    Ok(())
}

/// Sells, waits until head office has acknowledged, notes how long that took.
async fn live(writer: Writer<SqliteStore>, clock: Clock) -> Result<()> {
    for counter in 1.. {
        let (begun, clock) = (Instant::now(), clock.clone());
        writer.run(move |node| sell(node, counter, &clock)).await??;
        loop {
            let pending = writer.run(|node| node.pending("hq").map(|(count, _)| count)).await??;
            if pending == 0 {
                break;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        if let Ok(mut waits) = WAITS.lock() {
            waits.push(u64::try_from(begun.elapsed().as_millis())?);
        }
        tokio::time::sleep(SELL_EVERY).await;
    }
    Ok(())
}
