//! J2: one agent's backlog to head office, counted in its database after `kill -9`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use sync::driver::{StatusBoard, uplink};
use sync::link::{Link as _, MqttLink};
use sync::{Clock, Reader};

use crate::bulk::copy_in_bulk;
use crate::held;
use crate::office::Office;
use crate::station::{backlog, enrol, link_config};

/// Head office was away for this long: the agent's link has backed off.
const AWAY: Duration = Duration::from_secs(6);
/// Drains, each beside its own yardstick; the middle one counts.
const ROUNDS: usize = 3;

struct Round {
    drain: Duration,
    from_start: Duration,
    bulk: Duration,
}

pub async fn measure(sales: u64) -> Result<Value> {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push(round(sales).await?);
    }
    let share = |round: &Round| round.bulk.as_micros() * 1_000 / round.drain.as_micros().max(1);
    rounds.sort_by_key(share);
    let slowest_start = rounds.iter().map(|round| round.from_start).max().unwrap_or_default();
    let middle = &rounds[ROUNDS / 2];
    let per_second = |took: Duration| u128::from(sales) * 1_000_000 / took.as_micros().max(1);
    let (ratio, shares) = (share(middle), rounds.iter().map(share).collect::<Vec<_>>());
    Ok(json!({
        "job": "J2",
        "durability": "D2",
        "sales": sales,
        "drain_sales_per_second": per_second(middle.drain),
        "bulk_sales_per_second": per_second(middle.bulk),
        "ratio_milli": ratio,
        "ratio_milli_of_each_round": shares,
        "must": "ratio_milli >= 500, start_to_last_commit_ms <= 3500",
        "start_to_last_commit_ms": slowest_start.as_millis(),
        "met": ratio >= 500 && slowest_start.as_millis() <= 3_500,
    }))
}

async fn round(sales: u64) -> Result<Round> {
    let folder = tempfile::tempdir()?;
    let clock = Clock::system();
    let office = Office::new(folder.path())?;
    let agents = enrol(&office.config, 1, &clock)?;
    let agent = &agents[0];
    let journal = backlog(&folder.path().join("agent.db"), agent, sales, &clock)?;
    let link = MqttLink::connect(link_config(office.mqtt_addr.clone(), agent)?, clock.clone());
    let mut up = link.up();
    let sending = tokio::spawn(uplink(journal, Arc::new(link), "hq", clock, StatusBoard::default()));
    tokio::time::sleep(AWAY).await;

    let started = Instant::now();
    let running = office.start()?;
    up.wait_for(|up| *up).await?;
    let connected = Instant::now();
    let reader = Reader::new(&office.database());
    // The first entry says who writes.
    held::wait(&reader, sales + 1).await?;
    let round = (connected.elapsed(), started.elapsed());
    running.kill()?;
    sending.abort();

    let counted = held::sales(&office.database())?;
    ensure!(counted == sales, "{counted} of {sales} sales are in head office's database after the kill");
    let bulk = copy_in_bulk(&office.database(), &folder.path().join("bulk.db"))?;
    Ok(Round { drain: round.0, from_start: round.1, bulk })
}
