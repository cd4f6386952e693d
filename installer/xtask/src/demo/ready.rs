//! Waiting until a fleet can be used: every listener ready, opening stock counted, products on every till.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::plan::{Plan, StationPlan};
use super::program::Launch;
use crate::catalogue;
use crate::client::Client;

/// Between two looks at a program that is not ready yet.
const PAUSE: Duration = Duration::from_millis(50);

/// Waits for all of it; `check` ends the wait with an error.
///
/// # Errors
/// `check` gave up, or an opening stock was refused.
pub(super) fn wait(plan: &Plan, check: &dyn Fn() -> Result<()>) -> Result<()> {
    let wanted: BTreeSet<String> =
        catalogue::products()?.into_iter().map(|product| product.product_id).collect();
    for launch in plan.launches().filter(|launch| !launch.window || launch.program.terminal.is_some()) {
        listens(launch, check)?;
    }
    for station in &plan.stations {
        let agent = client(&station.agent.launch);
        until(check, || lists_all(&agent, "/productMasters", &wanted))?;
        count_opening_stock(station, &agent, check)?;
        for till in &station.tills {
            let till = client(&till.launch);
            until(check, || lists_all(&till, "/productMenus", &wanted))?;
        }
    }
    Ok(())
}

/// Waits until a program answers that it is ready; `check` ends the wait with an error.
///
/// # Errors
/// `check` gave up.
pub(super) fn listens(launch: &Launch, check: &dyn Fn() -> Result<()>) -> Result<()> {
    until(check, || is_ready(launch))
}

fn until(check: &dyn Fn() -> Result<()>, done: impl Fn() -> bool) -> Result<()> {
    while !done() {
        check()?;
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

fn is_ready(launch: &Launch) -> bool {
    client(launch).get("/readyz").is_ok_and(|answer| answer.is_success())
}

fn lists_all(client: &Client, path: &str, wanted: &BTreeSet<String>) -> bool {
    client.get(path).is_ok_and(|answer| {
        let listed: BTreeSet<String> = answer
            .rows()
            .iter()
            .filter_map(|row| row.get("productId").and_then(Value::as_str))
            .map(str::to_owned)
            .collect();
        wanted.is_subset(&listed)
    })
}

/// A new station starts with a stock-take; the marker keeps a restarted demo from counting twice.
fn count_opening_stock(station: &StationPlan, agent: &Client, check: &dyn Fn() -> Result<()>) -> Result<()> {
    let marker = marker(station);
    if marker.exists() {
        return Ok(());
    }
    for stock in catalogue::opening_stock()? {
        let quantity = catalogue::decimal(stock.quantity_milli);
        let fields = [("productId", stock.product_id.as_str()), ("qty", &quantity), ("reason", "stocktake")];
        let key = format!("opening-{}-{}", station.code, stock.product_id);
        let answer = loop {
            match agent.post_form_once("/stockFlows", &fields, &key) {
                Ok(answer) => break answer,
                Err(_) => check()?,
            }
            std::thread::sleep(PAUSE);
        };
        anyhow::ensure!(
            answer.is_success(),
            "the opening stock of {} at {} was refused: {}",
            stock.product_id,
            station.code,
            answer.body
        );
    }
    std::fs::write(&marker, "").with_context(|| format!("cannot write {}", marker.display()))
}

fn marker(station: &StationPlan) -> PathBuf {
    station.agent.identity.with_file_name("opening-stock.counted")
}

fn client(launch: &Launch) -> Client {
    Client::new(&launch.program.http, &launch.program.token)
}
