//! Whole programs killed at their system calls, between commit and answer, and at random.

use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::invariants::Database;
use crate::seller::{Pace, sell_through};
use crate::stage::Stage;

use super::case::{Case, either};
use super::drill::{copy_into, drill, lines, path, sells_on, sold, till_with};
use super::recording::Chance;
use super::shop;
use super::shopfront::{PRODUCT, Shopfront};
use super::strace::Attached;

/// Calls of a sale, a receipt and their answers, and at which of them a program dies; all the way in the long form.
const DEATHS: [(&str, &[u64]); 3] =
    [("pwrite64", &[1, 4, 9]), ("fsync", &[1, 2]), ("sendto,writev,write,sendmsg", &[1, 2])];

fn killed_at_its_calls(name: &'static str, program: &str) {
    let mut case = Case::new(name);
    let mut front = Shopfront::open(Stage::small());
    for (call, places) in DEATHS {
        let all: Vec<u64> = (1..=30).collect();
        for nth in either(places, &all[..]) {
            case.run(&format!("{program} at {call} {nth}"), |case| {
                let attached = Attached::to(front.pid(program), call, &format!("signal=KILL:when={nth}"));
                let died = front.sell_until_death_of(program);
                drop(attached);
                front.sells_again(case, died);
            });
        }
    }
    let healed = Instant::now();
    case.run("at the end", |case| {
        front.agrees_again(case, healed);
        front.check();
    });
    case.end();
}

#[test]
fn r1_a_whole_till_killed_at_its_calls_keeps_what_it_confirmed() {
    killed_at_its_calls("kill-whole-till", "ST0001-till-1");
}

#[test]
fn r10_a_whole_agent_killed_at_its_calls_holds_what_it_acknowledged() {
    killed_at_its_calls("kill-whole-agent", "ST0001");
}

#[test]
fn r8_a_whole_head_office_killed_at_its_calls_holds_what_it_acknowledged() {
    killed_at_its_calls("kill-whole-hq", "hq");
}

/// The entries of the till's journal that a database holds.
fn head_of_till(database: &Database) -> i64 {
    database.number("SELECT coalesce(max(head_seq), 0) FROM streams WHERE role = 'terminal'")
}

#[test]
fn r10_a_head_office_that_dies_between_commit_and_acknowledgement_gets_nothing_twice() {
    let mut case = Case::new("hq-commit-ack");
    let mut front = Shopfront::open(Stage::small());
    front.sell();
    for round in 0..either(3, 20) {
        case.run(&format!("round {round}"), |case| {
            front.agrees_again(case, Instant::now());
            let data = front.stage.data().join("hq");
            let before = head_of_till(&Database::open("HQ", &data));
            // Each sync is done, and its caller hears of it later: what is committed is not answered yet.
            let attached = Attached::to(front.pid("hq"), "fsync", "delay_exit=4000000");
            front.sell();
            let copy = tempfile::tempdir().unwrap();
            let seen = Instant::now();
            let committed = loop {
                let _ = std::fs::remove_dir_all(copy.path());
                copy_into(&data, copy.path());
                // The log is on the disk; the index of who reads it at HQ does not know yet.
                for file in super::drill::files(copy.path()) {
                    if file.to_string_lossy().ends_with("-shm") {
                        std::fs::remove_file(file).unwrap();
                    }
                }
                let head = head_of_till(&Database::open_again("a copy of HQ", copy.path()));
                if head > before || seen.elapsed() > Duration::from_secs(3) {
                    break head;
                }
            };
            front.stage.fleet.kill_and_hold("hq").unwrap();
            drop(attached);
            assert!(committed > before, "I8: it was to be committed");
            let agent = Database::open("agent", &front.stage.data().join("ST0001/agent"));
            let acknowledged = agent.number(
                "SELECT coalesce(max(a.through), 0) FROM acks a JOIN streams s USING (stream_id) WHERE s.role = 'terminal'",
            );
            assert!(acknowledged < committed, "I8: it was not to be acknowledged");
            front.stage.fleet.release("hq").unwrap();
            let released = Instant::now();
            front.sells_again(case, released);
            front.agrees_again(case, released);
        });
    }
    case.run("at the end", |_| front.check());
    case.end();
}

#[test]
fn r1_programs_killed_at_random_lose_and_double_nothing() {
    let mut case = Case::new("random-kills");
    let stage = Stage::with(|wish| wish.terminals = 2);
    let mut front = Shopfront::open(stage);
    let kills = either(100, 400);
    let (pace, mut chance) = (Pace::default(), Chance::of(20_261_124));
    let sales = kills * 2;
    let tills = [1, 2].map(|terminal| front.stage.fleet.till(0, terminal).unwrap());
    let programs = ["ST0001-till-1", "ST0001-till-2", "ST0001", "hq"];
    let log = thread::scope(|scope| {
        let sellers: Vec<_> = (2..)
            .zip(&tills)
            .map(|(lane, till)| {
                let pace = &pace;
                scope.spawn(move || sell_through(till, lane, PRODUCT, sales, pace))
            })
            .collect();
        for kill in 0..kills {
            case.run(&format!("kill {kill}"), |case| {
                let begin = Instant::now();
                front.stage.fleet.kill(programs[chance.below(programs.len())]).unwrap();
                pace.sold((kill + 1) * 4, 4);
                case.sold_again(begin);
            });
        }
        pace.sold(sales * 2, 0);
        sellers.into_iter().map(|seller| seller.join().unwrap()).collect::<Vec<_>>()
    });
    log.into_iter().for_each(|each| front.log.merge(each));
    let healed = Instant::now();
    case.run("at the end", |case| {
        front.agrees_again(case, healed);
        front.check();
    });
    case.end();
}

#[test]
fn r1_a_till_killed_at_random_moments_keeps_what_it_confirmed() {
    let mut case = Case::new("random-kills-small");
    let (folder, mut said) = till_with(1);
    let folder = folder.path();
    let mut chance = Chance::of(7);
    for kill in 0..either(260, 10_000) {
        case.run(&format!("kill {kill}"), |case| {
            let mut till = drill(&["sell", &path(folder), "100000"])
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut out = till.stdout.take().unwrap();
            thread::sleep(Duration::from_micros(u64::try_from(chance.below(25_000)).unwrap()));
            till.kill().unwrap();
            till.wait().unwrap();
            let mut text = String::new();
            std::io::Read::read_to_string(&mut out, &mut text).unwrap();
            said.extend(sold(&lines(&text)));
            // Looking at all of it each time would take longer each time.
            if kill % 20 == 19 {
                said.push(sells_on(case, folder));
                let (_, shop) = shop::open(folder);
                shop.holds(&said, 20);
                said = shop.sales.into_iter().collect();
            }
        });
    }
    case.end();
}
