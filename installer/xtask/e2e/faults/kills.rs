//! SIGKILL at every system call of one operation: the process ends before the call, the next one finds what was said, once and whole.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::case::{Case, either};
use super::drill::{Snapshot, drill, lines, path, said, sells_on, sold, till_with};
use super::shop;
use super::strace::{CHANGING, calls, killed_at};

/// Every how many calls that change nothing one is tried; each is in the long form.
const QUIET_STRIDE: u64 = 6;

/// An operation on a folder, killed at each call.
struct Operation<'folder> {
    folder: &'folder Path,
    /// Every how many calls that change something one is tried; each is in the long form.
    stride: u64,
    command: &'folder dyn Fn() -> Command,
}

impl Operation<'_> {
    /// `after` gets what had been said.
    fn killed_at_each_call(&self, case: &mut Case, after: impl Fn(&mut Case, &[String])) {
        let before = Snapshot::of(self.folder);
        for (call, count) in calls(&mut (self.command)()) {
            let changing = CHANGING.contains(&call.as_str());
            let stride = if changing { self.stride } else { QUIET_STRIDE * self.stride };
            for nth in (1..=count).step_by(usize::try_from(either(stride, 1)).unwrap()) {
                case.run(&format!("{call} {nth}"), |case| {
                    before.put_back();
                    let said = killed_at(&mut (self.command)(), &call, nth);
                    after(case, &lines(&said));
                });
            }
        }
    }
}

#[test]
fn r1_a_till_killed_at_any_call_of_a_sale_keeps_what_it_confirmed() {
    let mut case = Case::new("kill-sale");
    let (folder, before) = till_with(3);
    let folder = folder.path();
    let command = || drill(&["sell", &path(folder), "2"]);
    Operation { folder, stride: 1, command: &command }.killed_at_each_call(&mut case, |case, said| {
        let mut expected = [before.clone(), sold(said)].concat();
        let (_, shop) = shop::open(folder);
        shop.holds(&expected, 1);
        expected
            .extend(shop.sales.iter().filter(|sale| !expected.contains(sale)).cloned().collect::<Vec<_>>());
        expected.push(sells_on(case, folder));
        shop::open(folder).1.holds(&expected, 0);
    });
    case.end();
}

#[test]
fn r3_a_till_killed_at_any_call_of_its_first_start_begins_anew() {
    let mut case = Case::new("kill-first-start");
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let command = || drill(&["sell", &path(folder), "1"]);
    Operation { folder, stride: 3, command: &command }.killed_at_each_call(&mut case, |case, said| {
        let sale = sells_on(case, folder);
        let (_, shop) = shop::open(folder);
        shop.holds(&[sold(said), vec![sale]].concat(), 1);
    });
    case.end();
}

#[test]
fn r1_a_till_killed_at_any_call_of_a_cancellation_has_it_whole_or_not() {
    let mut case = Case::new("kill-cancellation");
    let (folder, before) = till_with(3);
    let sale = before[1].as_str();
    let folder = folder.path();
    let command = || drill(&["cancel", &path(folder), sale]);
    Operation { folder, stride: 1, command: &command }.killed_at_each_call(&mut case, |case, said| {
        let (database, shop) = shop::open(folder);
        let places = database.number("SELECT count(*) FROM cancellation_places");
        assert_eq!(places, i64::try_from(shop.cancelled.len()).unwrap(), "its place goes with it");
        drop(database);
        assert!(said.is_empty() || shop.cancelled.contains(sale), "a confirmed cancellation is lost");
        if shop.cancelled.is_empty() {
            super::drill::said(&mut command());
        }
        let next = sells_on(case, folder);
        let (_, shop) = shop::open(folder);
        assert_eq!(shop.cancelled.iter().collect::<Vec<_>>(), [sale]);
        shop.holds(&[before.clone(), vec![next]].concat(), 0);
    });
    case.end();
}

#[test]
fn r21_a_till_killed_at_any_call_of_a_feed_has_all_of_an_answer_or_none() {
    let mut case = Case::new("kill-feed");
    let (folder, before) = till_with(1);
    let folder = folder.path();
    let command = || drill(&["feed", &path(folder), "2"]);
    Operation { folder, stride: 1, command: &command }.killed_at_each_call(&mut case, |case, said| {
        let applied = |expected: Option<bool>| {
            let (database, shop) = shop::open(folder);
            let new = database.number("SELECT count(*) FROM prices WHERE price = 1002") == 20;
            let old = database.number("SELECT count(*) FROM prices WHERE price = 1001") == 20;
            assert!(new != old, "a part of the prices is new");
            let version = database.number("SELECT version FROM feeds WHERE scope = 'chain'");
            assert_eq!(version, if new { 80 } else { 40 }, "the cursor goes with the prices");
            assert!(expected.is_none_or(|expected| expected == new), "said, and not so");
            (new, shop)
        };
        let (new, _) = applied(said.first().map(|_| true));
        if !new {
            super::drill::said(&mut command());
        }
        let next = sells_on(case, folder);
        let (_, shop) = applied(Some(true));
        shop.holds(&[before.clone(), vec![next]].concat(), 0);
    });
    case.end();
}

#[test]
fn r10_a_till_killed_at_any_call_of_an_acknowledgement_asks_again_or_knows_it() {
    let mut case = Case::new("kill-acknowledgement");
    let (folder, before) = till_with(3);
    said(&mut drill(&["ack", &path(folder.path()), "3"]));
    let folder = folder.path();
    let command = || drill(&["ack", &path(folder), "5"]);
    Operation { folder, stride: 1, command: &command }.killed_at_each_call(&mut case, |case, said| {
        let (database, _) = shop::open(folder);
        let through = database.number("SELECT through FROM acks");
        drop(database);
        assert!(
            through == 5 || (through == 3 && said.is_empty()),
            "acknowledged through {through}, said {said:?}"
        );
        let next = sells_on(case, folder);
        shop::open(folder).1.holds(&[before.clone(), vec![next]].concat(), 0);
    });
    case.end();
}

/// Nine sales of a till as batches of four entries, and how many entries there are.
fn batches() -> (TempDir, i64) {
    let (till, _) = till_with(9);
    let batches = tempfile::tempdir().unwrap();
    said(&mut drill(&["pack", &path(till.path()), &path(batches.path()), "4"]));
    let head = shop::open(till.path()).1.recorded;
    (batches, head)
}

/// What an agent or head office confirmed is there, and the same batches again bring the rest, nothing twice.
fn receives(who: &'static str, case: &mut Case) {
    let (batches, head) = batches();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let command = || drill(&["receive", who, &path(folder), &path(batches.path())]);
    Operation { folder, stride: 3, command: &command }.killed_at_each_call(case, |_, said| {
        let held = said.iter().filter_map(|line| line.strip_prefix("held ")?.parse::<i64>().ok()).max();
        let stored = || shop::open_books(folder).1.received;
        if let Some(held) = held {
            assert!(stored() >= held, "{held} entries were acknowledged");
        }
        super::drill::said(&mut command());
        assert_eq!(stored(), head, "everything is there");
        let (database, shop) = shop::open_books(folder);
        assert_eq!(shop.sales.len(), 9);
        assert_eq!(database.number("SELECT on_hand_milli FROM stock"), -180_000, "each counted once");
    });
}

#[test]
fn r10_an_agent_killed_at_any_call_of_a_receipt_holds_what_it_acknowledged() {
    let mut case = Case::new("kill-receipt-agent");
    receives("agent", &mut case);
    case.end();
}

#[test]
fn r8_a_head_office_killed_at_any_call_of_a_receipt_holds_what_it_acknowledged() {
    let mut case = Case::new("kill-receipt-hq");
    receives("hq", &mut case);
    case.end();
}
