//! Power loss: what a program did to its disk is recorded, and cut off at many places; the product starts on what is left.

use std::path::Path;
use std::process::Command;

use super::case::{Case, either};
use super::drill::{drill, path, put, said, sells_on, sold, till_with};
use super::recording::{Chance, Cut, Disk, Step, read};
use super::shop;
use super::strace::recorded;

/// Of the places between two syncs every how many are tried; all in the long form.
const STRIDE: usize = 12;
/// How often chance is asked at each place.
const CHANCES: u64 = 1;
const CHANCES_LONG: u64 = 8;

/// Cuts the power of `script`, which the shell runs; the folder then holds what is left, and `after` gets what had been said.
fn cut_at_many_places(case: &mut Case, folder: &Path, script: &str, after: impl Fn(&mut Case, &[String])) {
    let mut disk = Disk::of(folder);
    let trace = tempfile::NamedTempFile::new().unwrap();
    let output = recorded(Command::new("sh").args(["-c", script]), trace.path());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let steps = read(trace.path(), folder);
    assert!(steps.iter().any(|step| matches!(step, Step::Sync(_))), "nothing was synced");

    let mut said = Vec::new();
    for (place, step) in steps.iter().enumerate() {
        let telling = matches!(step, Step::Sync(_) | Step::SyncFolder | Step::Unlink(_) | Step::Rename(..));
        let told = matches!(place.checked_sub(1).map(|before| &steps[before]), Some(Step::Said(_)));
        if telling || told || place % either(STRIDE, 1) == 0 {
            for cut in Cut::ALL {
                let chances = if cut == Cut::Lost { 1 } else { either(CHANCES, CHANCES_LONG) };
                for seed in 0..chances {
                    case.run(&format!("{cut:?} before step {place} ({step:.60?}), seed {seed}"), |case| {
                        let mut chance = Chance::of(seed * 1_000_003 + u64::try_from(place).unwrap());
                        put(folder, &disk.cut(cut, &mut chance));
                        after(case, &said);
                    });
                }
            }
        }
        if let Step::Said(line) = step {
            said.push(line.clone());
        }
        disk.apply(step);
    }
}

/// `drill` for the shell.
fn words(words: &[&str]) -> String {
    let command = drill(words);
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    words.join(" ")
}

/// Sales in two lives of the program, so that the log is written, folded into the database and begun again.
fn sales_survive(case: &mut Case, how: &[&str]) {
    let (folder, before) = till_with(2);
    let folder = folder.path();
    let place = path(folder);
    let sell = words(&[&["sell", place.as_str(), either("4", "150")], how].concat());
    cut_at_many_places(case, folder, &format!("{sell} && {sell}"), |case, said| {
        let sale = sells_on(case, folder);
        let (_, shop) = shop::open(folder);
        shop.holds(&[before.clone(), sold(said), vec![sale]].concat(), 1);
        assert_eq!(shop.lives, 1, "a power cut is no restored copy");
    });
}

#[test]
fn r1_a_sale_that_was_shown_survives_a_power_cut_at_any_moment() {
    let mut case = Case::new("power-sale");
    sales_survive(&mut case, &[]);
    case.end();
}

#[test]
fn r1_the_power_cuts_find_a_till_that_does_not_wait_for_its_disk() {
    let mut careless = Case::new("power-proof");
    sales_survive(&mut careless, &["normal"]);
    assert!(careless.violations() > 0, "sales without a sync survived: these power cuts prove nothing");
    let mut case = Case::new("power-proof");
    case.run("synchronous=NORMAL is found", |_| {});
    case.end();
}

#[test]
fn r21_a_feed_that_was_applied_survives_a_power_cut_whole() {
    let mut case = Case::new("power-feed");
    let (folder, _) = till_with(1);
    let folder = folder.path();
    let script = ["2", "3"].map(|version| words(&["feed", &path(folder), version])).join(" && ");
    cut_at_many_places(&mut case, folder, &script, |case, said| {
        sells_on(case, folder);
        let (database, _) = shop::open(folder);
        let version = database.number("SELECT version FROM feeds WHERE scope = 'chain'") / 40;
        let told = said.iter().filter_map(|line| line.strip_prefix("fed ")?.parse().ok()).max().unwrap_or(1);
        assert!(version >= told, "version {told} was applied, the cursor says {version}");
        let prices = format!("SELECT count(*) FROM prices WHERE price = {}", 1000 + version);
        assert_eq!(database.number(&prices), 20, "all prices are of the cursor's version");
    });
    case.end();
}

#[test]
fn r10_a_receipt_that_was_acknowledged_survives_a_power_cut() {
    let mut case = Case::new("power-receipt");
    let (till, _) = till_with(6);
    let batches = tempfile::tempdir().unwrap();
    said(&mut drill(&["pack", &path(till.path()), &path(batches.path()), "2"]));
    let (folder, nothing) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let folder = folder.path();
    let receive = |from: &Path| drill(&["receive", "hq", &path(folder), &path(from)]);
    said(&mut receive(nothing.path()));
    let script = words(&["receive", "hq", &path(folder), &path(batches.path())]);
    cut_at_many_places(&mut case, folder, &script, |_, told| {
        let held = told.iter().filter_map(|line| line.strip_prefix("held ")?.parse::<i64>().ok()).max();
        // The database opens and says how far it got before anything is sent again.
        said(&mut receive(nothing.path()));
        let stored = shop::open_books(folder).1.received;
        assert!(held.is_none_or(|held| stored >= held), "{held:?} were acknowledged, {stored} are there");
        said(&mut receive(batches.path()));
        assert_eq!(shop::open_books(folder).1.sales.len(), 6);
    });
    case.end();
}
