//! Certificates that end while the link is cut, and clocks that are years off: sales go on, and the link heals.

use std::process::Command;

use serde_json::Value;
use xtask::demo::Certificates;
use xtask::workspace;

use crate::eventually::{holds, within};
use crate::process::Running;
use crate::proxy::Proxy;
use crate::stage::{HEALED, Stage, list, menu_price, sell};

fn certificate_ends_at(stage: &Stage) -> Option<String> {
    let answer = stage.hq().get("/api/v1/devices").ok()?;
    let row = answer.rows().iter().find(|row| row["kind"] == "agent")?.clone();
    row["certificateEndsAt"].as_str().map(str::to_owned)
}

/// Now, as certificates' ends are written.
fn now() -> String {
    let output = Command::new("date").args(["-u", "+%Y-%m-%dT%H:%M:%SZ"]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn a_certificate_that_ended_while_the_link_was_cut_is_renewed_and_every_sale_arrives() {
    let (broker, link) = (Proxy::listen(), Proxy::listen());
    let stage = Stage::with(|wish| {
        wish.hq_mqtt_route = Some(broker.address.to_string());
        wish.hq_link_route = Some(link.address.to_string());
        let text = |text: &str| text.to_owned();
        wish.certificates =
            Some(Certificates { device: text("6s"), authority: text("1h"), grace: text("1h") });
        broker.lead_to_hq_of(&wish.data);
        link.lead_to_links_of(&wish.data);
    });
    let first = certificate_ends_at(&stage).unwrap();
    holds(HEALED, "a renewal at half of its life", || {
        certificate_ends_at(&stage).is_some_and(|now| now > first)
    });
    sell(&stage.till(), "CD1001", "10");
    within(HEALED, "the sale at head office", || sales(&stage, 1));

    broker.cut();
    link.cut();
    let last = certificate_ends_at(&stage).unwrap();
    sell(&stage.till(), "CD1001", "20");
    holds(HEALED, "the certificate to end", || now() > last);
    sell(&stage.till(), "CD1001", "30");
    assert_eq!(certificate_ends_at(&stage), Some(last.clone()), "nothing came through");
    link.heal();
    broker.heal();
    within(HEALED, "every sale at head office", || sales(&stage, 3));
    assert!(certificate_ends_at(&stage).unwrap() > last, "the certificate was renewed");
}

#[test]
fn clocks_that_are_years_off_hold_up_neither_sales_nor_links() {
    let stage = Stage::small();
    let station = &stage.fleet.plan().stations[0];
    let (agent, till) = (&station.agent, &station.tills[0]);
    holds(HEALED, "the time that was agreed on to be kept", || time_is_kept(&stage));
    let mut sold = 0;
    for (agent_clock, till_clock) in [("1970-06-01 00:00:00", "+5y"), ("+60y", "1999-12-31 23:59:00")] {
        stage.fleet.kill_and_hold(&till.launch.name).unwrap();
        stage.fleet.kill_and_hold(&agent.launch.name).unwrap();
        let binary = |name: &str| workspace::binary(name).to_string_lossy().into_owned();
        let mut wrong_agent = Running::start(at(agent_clock).args([
            &binary("station-agent"),
            "run",
            "--config",
            &agent.config,
        ]));
        let mut wrong_till = Running::start(at(till_clock).args([
            &binary("pos-desktop"),
            "--headless",
            "--config",
            &till.config,
        ]));
        holds(HEALED, "the till to be ready", || {
            stage.till().get("/readyz").is_ok_and(|ready| ready.is_success())
        });
        sell(&stage.till(), "CD1001", "10");
        sold += 1;
        within(HEALED, "the sale at head office", || sales(&stage, sold));
        stage.change_price("CD1002", 1_500 + sold);
        holds(HEALED, "the new price at the till", || {
            menu_price(&stage.till(), "CD1002") == Some(1_500 + sold)
        });
        let rows = list(&stage.agent(), "/api/v1/devices");
        assert!(rows.iter().all(|row| row["revokedAt"] == Value::Null), "{rows:?}");
        wrong_till.stop();
        wrong_agent.stop();
        stage.fleet.release(&agent.launch.name).unwrap();
        stage.fleet.release(&till.launch.name).unwrap();
    }
}

/// Whether the till's database knows the time for a start without anybody to ask.
pub fn time_is_kept(stage: &Stage) -> bool {
    let path = stage.data().join("ST0001/till-1/till.db");
    let open = rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY);
    let count = "SELECT count(*) FROM settings WHERE name = 'agreement'";
    open.and_then(|database| database.query_row(count, [], |row| row.get(0)))
        .is_ok_and(|count: i64| count == 1)
}

/// A program under another wall clock; the monotonic clock stays, as it does on a machine with an empty battery.
pub fn at(clock: &str) -> Command {
    let mut command = Command::new("faketime");
    command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("DONT_FAKE_MONOTONIC", "1");
    command.args(["-f", &if clock.starts_with(['+', '-']) { clock.to_owned() } else { format!("@{clock}") }]);
    command
}

fn sales(stage: &Stage, count: u64) -> Option<()> {
    (stage.hq().get("/api/v1/summary").ok()?.body["salesCount"] == count).then_some(())
}
