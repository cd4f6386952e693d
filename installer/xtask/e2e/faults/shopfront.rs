//! A station that sells while things break: real programs, and a log of what the tills confirmed.

use std::thread;
use std::time::{Duration, Instant};

use crate::eventually::holds;
use crate::invariants::{self, Expected};
use crate::seller::{Log, request, sell_one};
use crate::stage::{HEALED, Stage, sample_price};

use super::case::Case;

pub const PRODUCT: &str = "CD1001";
/// How long a program may take to end by what was done to it.
const DEATH_WITHIN: Duration = Duration::from_secs(20);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);

pub struct Shopfront {
    pub stage: Stage,
    pub log: Log,
    opening_milli: i64,
    number: usize,
}

impl Shopfront {
    pub fn open(stage: Stage) -> Self {
        let opening_milli = stage.stock_milli(PRODUCT);
        Self { stage, log: Log::default(), opening_milli, number: 0 }
    }

    /// One sale at till 1, asked for until the till confirms it.
    pub fn sell(&mut self) {
        let till = self.stage.till();
        sell_one(&till, 1, self.number, PRODUCT, &mut self.log);
        self.number += 1;
    }

    /// How till 1 is asked for its next sale: the quantity and the request's name.
    pub fn next_sale(&self) -> (String, String) {
        request(1, self.number)
    }

    /// The same, noting how long it took since a fault.
    pub fn sells_again(&mut self, case: &mut Case, since: Instant) {
        self.sell();
        case.sold_again(since);
    }

    /// Sells until a program has died of what was done to it, and starts it again at once; returns when it was seen to be gone.
    pub fn sell_until_death_of(&mut self, name: &str) -> Instant {
        let pid = self.pid(name);
        let gone = || is_gone(pid);
        let (till, number) = (self.stage.till(), self.number);
        let (fleet, log) = (&self.stage.fleet, &mut self.log);
        let (died, sold) = thread::scope(|scope| {
            let seller = scope.spawn(move || {
                let begin = Instant::now();
                let mut next = number;
                while !gone() && begin.elapsed() < DEATH_WITHIN {
                    sell_one(&till, 1, next, PRODUCT, log);
                    next += 1;
                }
                next
            });
            let begin = Instant::now();
            let mut died = None;
            while !seller.is_finished() {
                if died.is_none() && gone() {
                    died = Some(Instant::now());
                }
                // Without the pause that a supervisor makes after many deaths.
                if died.is_some() {
                    fleet.release(name).unwrap();
                }
                assert!(begin.elapsed() < DEATH_WITHIN + HEALED, "the till does not sell");
                thread::sleep(PAUSE);
            }
            (died, seller.join().unwrap())
        });
        self.number = sold;
        holds(HEALED, "the program to run again", || {
            let _ = self.stage.fleet.release(name);
            self.pid(name) != pid
        });
        died.or_else(|| is_gone(pid).then(Instant::now)).expect("I8: it was to die")
    }

    /// The process of a program now.
    pub fn pid(&self, name: &str) -> u32 {
        let plan = self.stage.fleet.plan();
        let launch = plan.launches().find(|launch| launch.name == name).unwrap();
        let (kind, terminal) = (launch.program.kind, launch.program.terminal);
        let report = self.stage.fleet.report();
        report.programs.iter().find(|each| each.kind == kind && each.terminal == terminal).unwrap().pid
    }

    /// Everything is everywhere, from when something was healed.
    pub fn agrees_again(&self, case: &mut Case, since: Instant) {
        invariants::everything_arrives(&self.stage, HEALED);
        case.agreed_again(since);
    }

    /// All invariants.
    pub fn check(&self) {
        let expected = Expected {
            log: &self.log,
            product: PRODUCT,
            price: sample_price(PRODUCT),
            opening_milli: self.opening_milli,
            received_milli: 0,
        };
        invariants::check(&self.stage, &expected);
    }
}

/// Ended, though nobody may have asked how yet.
fn is_gone(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // `21402 (pos-desktop) Z ...`
    stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('Z') || rest.starts_with('X'))
}
