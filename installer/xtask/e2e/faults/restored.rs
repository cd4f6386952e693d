//! Old copies that are put back, and copies that run beside the original.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use serde_json::Value;
use xtask::client::Client;
use xtask::workspace;

use crate::eventually::holds;
use crate::impostors::elsewhere;
use crate::invariants::{
    self, Database, books_are_proven, journals_are_whole, nothing_stepped_aside, sales_are_as_confirmed,
    tenders_add_up,
};
use crate::process::Running;
use crate::seller::sell_one;
use crate::stage::{HEALED, Stage};

use super::case::{Case, either};
use super::drill::{Snapshot, copy_into};
use super::shopfront::{PRODUCT, Shopfront};

/// How an old copy comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Back {
    /// As files of its own, as from a backup.
    Copied,
    /// Into the same files, as from an image of the disk.
    Imaged,
}

fn put_back(old: &Snapshot, how: Back) {
    if how == Back::Copied {
        old.remove_all();
    }
    old.put_back();
}

#[test]
fn r11_a_head_office_put_back_two_days_gets_every_sale_again_and_none_twice() {
    let mut case = Case::new("hq-restored");
    for how in [Back::Copied, Back::Imaged] {
        let mut front = Shopfront::open(Stage::small());
        let hq = front.stage.data().join("hq");
        case.run(&format!("{how:?}"), |case| {
            (0..5).for_each(|_| front.sell());
            front.agrees_again(case, Instant::now());
            front.stage.fleet.kill_and_hold("hq").unwrap();
            let old = Snapshot::of(&hq);
            front.stage.fleet.release("hq").unwrap();
            (0..10).for_each(|_| front.sell());
            front.agrees_again(case, Instant::now());
            front.stage.fleet.kill_and_hold("hq").unwrap();
            front.sell();
            put_back(&old, how);
            front.stage.fleet.release("hq").unwrap();
            let back = Instant::now();
            front.sells_again(case, back);
            front.agrees_again(case, back);
            front.check();
        });
    }
    case.end();
}

/// What was sold is at the station and at head office, once each; what the till itself still holds is another matter.
fn everything_is_upstream(front: &Shopfront) {
    let log = &front.log;
    let (hq, agent, tills) = invariants::databases(&front.stage);
    holds(HEALED, "every sale at head office", || {
        hq.number("SELECT count(*) FROM sales") >= i64::try_from(log.sales.len()).unwrap()
    });
    for database in [&hq, &agent] {
        sales_are_as_confirmed(database, log);
        tenders_add_up(database);
        nothing_stepped_aside(database);
    }
    for database in tills.iter().chain([&agent, &hq]) {
        journals_are_whole(database);
    }
    books_are_proven(&front.stage);
}

#[test]
fn r4_a_till_put_back_from_an_old_copy_loses_neither_its_new_sales_nor_its_old_ones() {
    let mut case = Case::new("till-restored");
    let mut front = Shopfront::open(Stage::small());
    let till = front.stage.data().join("ST0001/till-1");
    case.run("fifty sales offline", |case| {
        (0..5).for_each(|_| front.sell());
        front.agrees_again(case, Instant::now());
        front.stage.fleet.kill_and_hold("ST0001-till-1").unwrap();
        let old = Snapshot::of(&till);
        front.stage.fleet.release("ST0001-till-1").unwrap();
        (0..3).for_each(|_| front.sell());
        front.agrees_again(case, Instant::now());
        front.stage.fleet.kill_and_hold("ST0001-till-1").unwrap();
        front.stage.fleet.kill_and_hold("ST0001").unwrap();
        put_back(&old, Back::Copied);
        front.stage.fleet.release("ST0001-till-1").unwrap();
        let back = Instant::now();
        front.sells_again(case, back);
        (0..either(49, 49)).for_each(|_| front.sell());
        front.stage.fleet.release("ST0001").unwrap();
        let linked = Instant::now();
        everything_is_upstream(&front);
        holds(HEALED, "nothing to be pending", || {
            front.stage.till().get("/api/v1/status").is_ok_and(|status| status.body["pendingCount"] == 0)
        });
        case.agreed_again(linked);
        let (_, _, tills) = invariants::databases(&front.stage);
        let alarms = "SELECT count(*) FROM store_notes WHERE kind = 'life' AND well = 0";
        assert_eq!(tills[0].number(alarms), 1, "an alarm is raised");
    });
    case.end();
}

/// The quantities of every sale whose bytes a database keeps, whatever it makes of them.
fn kept_quantities(database: &Database) -> BTreeSet<u64> {
    let mut kept = BTreeSet::new();
    for table in ["entries", "forks"] {
        let mut statement = database.connection.prepare(&format!("SELECT bytes FROM {table}")).unwrap();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let entry: Value = serde_json::from_slice(&row.get::<_, Vec<u8>>(0).unwrap()).unwrap();
            if entry["t"] == "Sold" {
                kept.extend(entry["d"]["lines"][0]["q"]["ml"].as_u64());
            }
        }
    }
    kept
}

#[test]
fn r5_a_till_whose_disk_is_an_old_image_is_found_and_both_tails_are_kept() {
    let mut case = Case::new("till-imaged");
    let mut front = Shopfront::open(Stage::small());
    let till = front.stage.data().join("ST0001/till-1");
    case.run("the same machine, file and marker", |case| {
        (0..5).for_each(|_| front.sell());
        front.agrees_again(case, Instant::now());
        front.stage.fleet.kill_and_hold("ST0001-till-1").unwrap();
        let old = Snapshot::of(&till);
        front.stage.fleet.release("ST0001-till-1").unwrap();
        (0..3).for_each(|_| front.sell());
        front.agrees_again(case, Instant::now());
        front.stage.fleet.kill_and_hold("ST0001-till-1").unwrap();
        front.stage.fleet.kill_and_hold("ST0001").unwrap();
        put_back(&old, Back::Imaged);
        front.stage.fleet.release("ST0001-till-1").unwrap();
        let back = Instant::now();
        // Nothing here can tell; the numbers of three receipts are given a second time.
        let again = std::mem::take(&mut front.log);
        front.sells_again(case, back);
        (0..9).for_each(|_| front.sell());
        front.stage.fleet.release("ST0001").unwrap();
        let sold: BTreeSet<u64> = again.sales.values().chain(front.log.sales.values()).copied().collect();
        let (hq, agent, tills) = invariants::databases(&front.stage);
        let linked = Instant::now();
        for database in [&agent, &hq] {
            holds(HEALED, "both tails upstream", || kept_quantities(database) == sold);
            journals_are_whole(database);
        }
        holds(HEALED, "nothing to be pending", || {
            front.stage.till().get("/api/v1/status").is_ok_and(|status| status.body["pendingCount"] == 0)
        });
        case.agreed_again(linked);
        let told = tills[0].number("SELECT count(*) FROM streams WHERE own = 1");
        assert!(told > 1, "it begins a new life");
        (0..3).for_each(|_| front.sell());
    });
    case.end();
}

/// A copy of till 1 that runs beside it.
struct Twin {
    client: Client,
    _running: Running,
}

impl Twin {
    fn start(front: &Shopfront, folder: &Path) -> Self {
        let till = &front.stage.fleet.plan().stations[0].tills[0];
        let (config, address) = elsewhere(Path::new(&till.config), folder);
        let program = workspace::binary("pos-desktop");
        let running = Running::start(Command::new(program).args(["--headless", "--config"]).arg(config));
        let client = Client::new(&format!("http://{address}"), &till.launch.program.token);
        holds(HEALED, "the copy to be ready", || {
            client.get("/readyz").is_ok_and(|answer| answer.is_success())
        });
        Self { client, _running: running }
    }
}

#[test]
fn r4_three_tills_with_one_identity_are_kept_apart_and_lose_nothing() {
    let mut case = Case::new("till-cloned");
    let mut front = Shopfront::open(Stage::small());
    case.run("two clones of one disk", |case| {
        (0..3).for_each(|_| front.sell());
        front.agrees_again(case, Instant::now());
        front.stage.fleet.kill_and_hold("ST0001-till-1").unwrap();
        let clones = ["clone-1", "clone-2"].map(|name| front.stage.data().join(name));
        for clone in &clones {
            fs::create_dir(clone).unwrap();
            copy_into(&front.stage.data().join("ST0001/till-1"), clone);
        }
        front.stage.fleet.release("ST0001-till-1").unwrap();
        let twins = clones.each_ref().map(|clone| Twin::start(&front, clone));
        let begun = Instant::now();
        for round in 0..either(5, 50) {
            front.sell();
            for (lane, twin) in (2..).zip(&twins) {
                sell_one(&twin.client, lane, round, PRODUCT, &mut front.log);
            }
        }
        everything_is_upstream(&front);
        case.agreed_again(begun);
        let series: BTreeSet<_> =
            front.log.sales.keys().map(|sale| sale.rsplit_once('-').unwrap().0).collect();
        assert_eq!(series.len(), 3, "each has numbers of its own: {series:?}");
    });
    case.end();
}
