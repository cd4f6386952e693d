//! Selling the sample day through the tills, faster than it was lived.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::catalogue::{self, DaySale};
use crate::client::{Answer, Client};

use super::secret;

/// Between two tries at a till that does not answer.
const RETRY: Duration = Duration::from_millis(200);
/// The longest sleep, so that a stop is noticed.
const NAP: Duration = Duration::from_millis(100);

/// One thing that happens at a till.
#[derive(Debug)]
enum Act<'day> {
    Sell(usize, &'day DaySale),
    Cancel(usize),
}

/// What all tills of a play share.
struct Play<'stop> {
    /// Tells this play's sales from another's in a kept folder.
    run: String,
    speed: u32,
    stop: &'stop (dyn Fn() -> bool + Sync),
}

/// Sells the whole day at each station's tills, `speed` seconds of it in one, until `stop`.
///
/// # Errors
/// The sample day cannot be read, or a till refuses a sale of it.
pub fn play(stations: &[Vec<Client>], speed: u32, stop: &(dyn Fn() -> bool + Sync)) -> Result<()> {
    let day = catalogue::day()?;
    let play = Play { run: secret::token()?, speed: speed.max(1), stop };
    thread::scope(|scope| {
        let tills: Vec<_> = stations
            .iter()
            .flat_map(|tills| tills.iter().enumerate().map(|(lane, till)| (lane, tills.len(), till)))
            .map(|(lane, lanes, till)| {
                let (day, play) = (&day, &play);
                scope.spawn(move || play_till(acts(day, lane, lanes), till, play))
            })
            .collect();
        for till in tills {
            till.join().ok().context("a till's player failed")??;
        }
        Ok(())
    })
}

fn play_till(acts: Vec<(u32, Act<'_>)>, till: &Client, play: &Play<'_>) -> Result<()> {
    let begin = Instant::now();
    let mut sale_ids: BTreeMap<usize, String> = BTreeMap::new();
    for (second, act) in acts {
        let due = begin + Duration::from_secs(u64::from(second)) / play.speed;
        while Instant::now() < due {
            if (play.stop)() {
                return Ok(());
            }
            thread::sleep(NAP.min(due.saturating_duration_since(Instant::now())));
        }
        match act {
            Act::Sell(number, sale) => {
                if let Some(sale_id) = sell(till, play, number, sale)? {
                    sale_ids.insert(number, sale_id);
                }
            }
            Act::Cancel(number) => {
                if let Some(sale_id) = sale_ids.get(&number) {
                    cancel(till, sale_id, play.stop)?;
                }
            }
        }
    }
    Ok(())
}

/// What one till does, in seconds after the day's first sale, in time order.
fn acts(day: &[DaySale], lane: usize, lanes: usize) -> Vec<(u32, Act<'_>)> {
    let first = day.first().map_or(0, |sale| sale.second);
    let mut acts = Vec::new();
    for (number, sale) in day.iter().enumerate() {
        let sale_lane = usize::try_from(sale.terminal.saturating_sub(1)).unwrap_or(0) % lanes.max(1);
        if sale_lane != lane {
            continue;
        }
        let second = sale.second.saturating_sub(first);
        acts.push((second, Act::Sell(number, sale)));
        if let Some(after) = sale.cancelled_after_s {
            acts.push((second + after, Act::Cancel(number)));
        }
    }
    acts.sort_by_key(|(second, _)| *second);
    acts
}

fn sell(till: &Client, play: &Play<'_>, number: usize, sale: &DaySale) -> Result<Option<String>> {
    let quantity = catalogue::decimal(sale.quantity_milli);
    let fields = [("productId", sale.product_id.as_str()), ("qty", quantity.as_str())];
    // The key makes a repeat after a broken answer harmless.
    let key = format!("{}-{number}", play.run);
    let Some(answer) = insist(|| till.post_form_once("/sales", &fields, &key), play.stop) else {
        return Ok(None);
    };
    anyhow::ensure!(answer.is_success(), "sale {number} of the day was refused: {}", answer.body);
    let Some(sales) = insist(|| till.get("/sales"), play.stop) else {
        return Ok(None);
    };
    let newest = sales.rows().last().and_then(|row| row.get("saleId")).and_then(Value::as_str);
    Ok(newest.map(str::to_owned))
}

fn cancel(till: &Client, sale_id: &str, stop: &dyn Fn() -> bool) -> Result<()> {
    let Some(answer) = insist(|| till.post_form("/cancelSales", &[("saleId", sale_id)]), stop) else {
        return Ok(());
    };
    // A repeat after a broken answer finds its own cancellation.
    anyhow::ensure!(
        answer.is_success() || answer.code() == "already_cancelled",
        "the cancellation of {sale_id} was refused: {}",
        answer.body
    );
    Ok(())
}

fn insist(send: impl Fn() -> Result<Answer>, stop: &dyn Fn() -> bool) -> Option<Answer> {
    loop {
        if let Ok(answer) = send() {
            return Some(answer);
        }
        if stop() {
            return None;
        }
        thread::sleep(RETRY);
    }
}
