//! Prices on their way: with a way blocked, and at a till whose clock is wrong by years.

use std::process::Command;

use serde_json::json;
use xtask::workspace;

use crate::eventually::holds;
use crate::lapses::at;
use crate::process::Running;
use crate::proxy::Proxy;
use crate::stage::{HEALED, Stage, menu_price, sample_price, sell};

const PRODUCT: &str = "CD1002";

/// An hour from now, as the API takes times.
fn in_an_hour() -> String {
    let output = Command::new("date").args(["-u", "-d", "+1 hour", "+%Y-%m-%dT%H:%M:%SZ"]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn nobody_is_behind(stage: &Stage) -> bool {
    stage.hq().get("/api/v1/feeds/behind").is_ok_and(|answer| answer.is_success() && answer.rows().is_empty())
}

fn clock_doubt(stage: &Stage) -> Option<bool> {
    stage.till().get("/api/v1/status").ok()?.body["clockDoubt"].as_bool()
}

#[test]
fn r23_with_https_to_head_office_blocked_prices_still_apply() {
    let link = Proxy::listen();
    let stage = Stage::with(|wish| {
        wish.hq_link_route = Some(link.address.to_string());
        link.lead_to_links_of(&wish.data);
    });
    link.cut();
    for won in [1_501, 1_502] {
        stage.change_price(PRODUCT, won);
        holds(HEALED, "the price at the till", || menu_price(&stage.till(), PRODUCT) == Some(won));
    }
    holds(HEALED, "everybody to have said so", || nobody_is_behind(&stage));
}

#[test]
fn r19_a_till_ten_years_off_keeps_the_current_price_while_a_change_is_pending_and_sells() {
    let link = Proxy::listen();
    let stage = Stage::with(|wish| {
        wish.hq_link_route = Some(link.address.to_string());
        link.lead_to_links_of(&wish.data);
    });
    let station = &stage.fleet.plan().stations[0];
    let (agent, till) = (&station.agent, &station.tills[0]);
    let current = sample_price(PRODUCT);
    let change = json!({ "price": current + 99, "effectiveAt": in_an_hour(), "stationCode": null });
    let path = format!("/api/v1/products/{PRODUCT}/prices");
    assert!(stage.hq().post_json(&path, change).unwrap().is_success());
    holds(HEALED, "the change to be known everywhere", || nobody_is_behind(&stage));
    holds(HEALED, "the time that was agreed on to be kept", || crate::lapses::time_is_kept(&stage));
    for clock in ["+3652d", "-3652d"] {
        stage.fleet.kill_and_hold(&till.launch.name).unwrap();
        stage.fleet.kill_and_hold(&agent.launch.name).unwrap();
        link.cut();
        let binary = workspace::binary("pos-desktop").to_string_lossy().into_owned();
        let mut wrong = Running::start(at(clock).args([&binary, "--headless", "--config", &till.config]));
        holds(HEALED, "the till to be ready", || {
            stage.till().get("/readyz").is_ok_and(|ready| ready.is_success())
        });
        // Nobody is there to ask: the cashier is told, the price stays, the sale goes through.
        assert_eq!(clock_doubt(&stage), Some(true), "{clock}");
        assert_eq!(menu_price(&stage.till(), PRODUCT), Some(current), "{clock}");
        sell(&stage.till(), PRODUCT, "10");
        // The agent tells the time: the clock is as wrong as before, and nothing is in doubt any more.
        link.heal();
        stage.fleet.release(&agent.launch.name).unwrap();
        holds(HEALED, "the till to know the time", || clock_doubt(&stage) == Some(false));
        assert_eq!(menu_price(&stage.till(), PRODUCT), Some(current), "{clock}");
        wrong.stop();
        stage.fleet.release(&till.launch.name).unwrap();
        holds(HEALED, "the till's own clock to be trusted", || clock_doubt(&stage) == Some(false));
    }
    holds(HEALED, "both sales at head office", || {
        stage.hq().get("/api/v1/summary").is_ok_and(|answer| answer.body["salesCount"] == 2)
    });
}
