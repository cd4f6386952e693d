//! Whole programs on disks that are full, and on clocks that are wrong.

use std::process::Command;
use std::time::{Duration, Instant};

use xtask::workspace;

use crate::eventually::holds;
use crate::invariants;
use crate::lapses::at;
use crate::process::Running;
use crate::stage::{HEALED, Stage};

use super::case::{Case, either};
use super::drill::path;
use super::inside::{inside_namespaces, shell};
use super::shopfront::{PRODUCT, Shopfront};
use super::strace::Attached;

/// How long a program has to notice that its disk is full.
const NOTICED: Duration = Duration::from_secs(20);

/// A fleet of which one folder is a small disk of its own.
fn on_a_small_disk(folder: &str) -> (Shopfront, String) {
    let mut place = String::new();
    let stage = Stage::with(|wish| {
        place = path(&wish.data.join(folder));
        shell(&format!("mkdir -p {place} && mount -t tmpfs -o size=24m none {place}"));
    });
    (Shopfront::open(stage), place)
}

/// Until not one byte fits.
fn fill(place: &str) {
    shell(&format!("dd if=/dev/zero of={place}/ballast bs=4k 2>/dev/null || true"));
}

#[test]
fn r32_a_whole_till_on_a_full_disk_refuses_and_sells_on_without_a_restart() {
    if !inside_namespaces(
        "faults::whole_disks::r32_a_whole_till_on_a_full_disk_refuses_and_sells_on_without_a_restart",
    ) {
        return;
    }
    let mut case = Case::new("disk-full-till");
    let (mut front, place) = on_a_small_disk("ST0001/till-1");
    for round in 0..either(2, 10) {
        case.run(&format!("round {round}"), |case| {
            front.sell();
            let pid = front.pid("ST0001-till-1");
            fill(&place);
            let till = front.stage.till();
            let begin = Instant::now();
            let mut refused = 0;
            while refused < 3 && begin.elapsed() < NOTICED {
                // The same sale is asked for until it is made: refused whole, it can be made later.
                let (fields, key) = front.next_sale();
                let answer =
                    till.post_form_once("/sales", &[("productId", PRODUCT), ("qty", &fields)], &key).unwrap();
                if answer.is_success() {
                    front.sell();
                } else {
                    assert!(!answer.code().is_empty(), "it says why: {answer:?}");
                    refused += 1;
                }
            }
            assert_eq!(refused, 3, "I8: the disk was to be full");
            shell(&format!("rm {place}/ballast"));
            let room = Instant::now();
            front.sells_again(case, room);
            assert_eq!(front.pid("ST0001-till-1"), pid, "no restart is needed");
            front.agrees_again(case, room);
        });
    }
    case.run("at the end", |_| front.check());
    case.end();
}

/// An upstream whose disk is full takes nothing and loses nothing; tills sell on.
fn upstream_is_full(name: &'static str, folder: &str) {
    let mut case = Case::new(name);
    let (mut front, place) = on_a_small_disk(folder);
    for round in 0..either(2, 10) {
        case.run(&format!("round {round}"), |case| {
            front.sell();
            front.agrees_again(case, Instant::now());
            fill(&place);
            let full = Instant::now();
            front.sells_again(case, full);
            // A log keeps the room that it once had: more is sold than fits in it.
            while !is_behind(&front.stage) && full.elapsed() < NOTICED {
                front.sell();
            }
            assert!(is_behind(&front.stage), "I8: the disk was to be full");
            shell(&format!("rm {place}/ballast"));
            front.agrees_again(case, Instant::now());
        });
    }
    case.run("at the end", |_| front.check());
    case.end();
}

/// Whether the till has sold ten more than somebody upstream took.
fn is_behind(stage: &Stage) -> bool {
    let (hq, agent, tills) = invariants::databases(stage);
    let count = |database: &invariants::Database| database.number("SELECT count(*) FROM sales");
    count(&tills[0]) > count(&agent).min(count(&hq)) + 10
}

#[test]
fn r32_an_agent_on_a_full_disk_loses_nothing_and_goes_on_when_there_is_room() {
    if !inside_namespaces(
        "faults::whole_disks::r32_an_agent_on_a_full_disk_loses_nothing_and_goes_on_when_there_is_room",
    ) {
        return;
    }
    upstream_is_full("disk-full-agent", "ST0001/agent");
}

#[test]
fn r32_a_head_office_on_a_full_disk_loses_nothing_and_goes_on_when_there_is_room() {
    if !inside_namespaces(
        "faults::whole_disks::r32_a_head_office_on_a_full_disk_loses_nothing_and_goes_on_when_there_is_room",
    ) {
        return;
    }
    upstream_is_full("disk-full-hq", "hq");
}

#[test]
fn r1_a_whole_program_whose_disk_fails_ends_and_is_started_again() {
    let mut case = Case::new("eio-whole");
    let mut front = Shopfront::open(Stage::small());
    for program in ["ST0001-till-1", "ST0001", "hq"] {
        case.run(program, |case| {
            let attached = Attached::to(front.pid(program), "fsync,fdatasync", "error=EIO");
            let died = front.sell_until_death_of(program);
            drop(attached);
            front.sells_again(case, died);
            front.agrees_again(case, died);
        });
    }
    case.run("at the end", |_| front.check());
    case.end();
}

#[test]
fn r35_clocks_three_days_back_and_five_years_ahead_hold_up_nothing() {
    let mut case = Case::new("clocks");
    let mut front = Shopfront::open(Stage::small());
    front.sell();
    front.agrees_again(&mut case, Instant::now());
    for (agent_clock, till_clock) in [("-3d", "-3d"), ("+5y", "+5y"), ("-3d", "+5y"), ("+5y", "-3d")] {
        case.run(&format!("agent {agent_clock}, till {till_clock}"), |case| {
            let station = &front.stage.fleet.plan().stations[0];
            let names = [&station.agent.launch.name, &station.tills[0].launch.name].map(Clone::clone);
            names.iter().for_each(|name| front.stage.fleet.kill_and_hold(name).unwrap());
            let mut agent = Running::start(under(agent_clock, "station-agent").args([
                "run",
                "--config",
                &station.agent.config,
            ]));
            let mut till = Running::start(under(till_clock, "pos-desktop").args([
                "--headless",
                "--config",
                &station.tills[0].config,
            ]));
            let begin = Instant::now();
            holds(HEALED, "the till to be ready", || {
                front.stage.till().get("/readyz").is_ok_and(|ready| ready.is_success())
            });
            front.sells_again(case, begin);
            (0..3).for_each(|_| front.sell());
            front.agrees_again(case, begin);
            till.stop();
            agent.stop();
            names.iter().for_each(|name| front.stage.fleet.release(name).unwrap());
            front.sell();
        });
    }
    case.run("at the end", |_| front.check());
    case.end();
}

fn under(clock: &str, program: &str) -> Command {
    let mut command = at(clock);
    command.arg(workspace::binary(program));
    command
}
