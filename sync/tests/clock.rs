//! R19 and R35: clocks that are wrong by years, and what decides a price meanwhile.

#![expect(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use sync::Clock;
use sync::clock::{Agreement, CLOCK_DOUBT_MS, Hands};
use sync_proto::StationCode;
use sync_proto::catalogue::{Price, price_at};
use sync_proto::wire::TIME_UNKNOWN_MS;

/// 2026-11-23 14:05 in Seoul: what it really is.
const NOW_MS: i64 = 1_795_410_300_000;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
const TEN_YEARS_MS: i64 = 3_652 * DAY_MS;
/// 1970-06-01 and 2099-01-01.
const IN_1970_MS: i64 = 13_046_400_000;
const IN_2099_MS: i64 = 4_070_908_800_000;

/// A machine whose clocks stand where a test puts them.
#[derive(Debug, Default)]
struct Machine {
    wall_ms: AtomicI64,
    mono_ms: AtomicI64,
    boot: AtomicU32,
    boot_ms: AtomicI64,
}

#[derive(Debug, Clone)]
struct Moved(Arc<Machine>);

impl Hands for Moved {
    fn wall_ms(&self) -> i64 {
        self.0.wall_ms.load(Ordering::Relaxed)
    }

    fn mono_ms(&self) -> i64 {
        self.0.mono_ms.load(Ordering::Relaxed)
    }

    fn boot(&self) -> u32 {
        self.0.boot.load(Ordering::Relaxed)
    }

    fn boot_ms(&self) -> Option<i64> {
        Some(self.0.boot_ms.load(Ordering::Relaxed))
    }
}

impl Machine {
    fn at(wall_ms: i64) -> Arc<Self> {
        let machine = Self::default();
        machine.wall_ms.store(wall_ms, Ordering::Relaxed);
        machine.boot.store(1, Ordering::Relaxed);
        Arc::new(machine)
    }

    /// Time goes by, as all clocks have it.
    fn pass(&self, ms: i64) {
        for clock in [&self.wall_ms, &self.mono_ms, &self.boot_ms] {
            clock.fetch_add(ms, Ordering::Relaxed);
        }
    }

    /// Somebody sets the wall clock.
    fn set(&self, wall_ms: i64) {
        self.wall_ms.store(wall_ms, Ordering::Relaxed);
    }

    /// The program starts again, the machine does not.
    fn program(self: &Arc<Self>) -> Clock {
        self.mono_ms.store(0, Ordering::Relaxed);
        Clock::of(Moved(Arc::clone(self)))
    }

    /// The machine was off for `ms`; its clock then says `wall_ms`.
    fn boots(self: &Arc<Self>, wall_ms: i64) -> Clock {
        self.boot.fetch_add(1, Ordering::Relaxed);
        self.boot_ms.store(20_000, Ordering::Relaxed);
        self.set(wall_ms);
        self.program()
    }
}

/// Gasoline costs 1,670 won, and 1,700 from `effective_at_ms` on.
fn price(clock: &Clock, effective_at_ms: i64) -> i64 {
    let row = |effective_at_ms, price, version| Price {
        product_id: "CD1001".to_owned(),
        scope: String::new(),
        effective_at_ms,
        price,
        version,
    };
    let station = StationCode::new("ST0001").unwrap();
    let prices = [row(0, 1_670, 1), row(effective_at_ms, 1_700, 2)];
    price_at(&prices, &station, clock.price_ms()).unwrap().price
}

#[test]
fn r19_a_clock_set_ten_years_off_either_way_keeps_the_current_price_with_a_change_pending() {
    for off_ms in [-TEN_YEARS_MS, TEN_YEARS_MS, CLOCK_DOUBT_MS + 1, -CLOCK_DOUBT_MS - 1] {
        let machine = Machine::at(NOW_MS);
        let clock = machine.program();
        clock.agree(NOW_MS, 0);
        let change_ms = NOW_MS + HOUR_MS;
        machine.pass(MINUTE_MS);
        assert_eq!((price(&clock, change_ms), clock.in_doubt()), (1_670, false));
        machine.set(NOW_MS + MINUTE_MS + off_ms);
        assert_eq!((price(&clock, change_ms), clock.in_doubt()), (1_670, true), "{off_ms}");
        assert_eq!(clock.agreement(), None, "a clock in doubt is not kept for the next start");
        // The change comes meanwhile; the current price stays as long as the doubt.
        machine.pass(2 * HOUR_MS);
        assert_eq!((price(&clock, change_ms), clock.in_doubt()), (1_670, true), "{off_ms}");
        // Upstream is asked again: the clock is as wrong as before, and known to be.
        clock.agree(NOW_MS + MINUTE_MS + 2 * HOUR_MS, 0);
        assert_eq!((price(&clock, change_ms), clock.in_doubt()), (1_700, false), "{off_ms}");
        assert_eq!(clock.now().offset_ms, Some(-off_ms));
    }
}

#[test]
fn r19_a_clock_that_always_was_ten_years_off_changes_the_price_at_the_right_time() {
    for off_ms in [-TEN_YEARS_MS, TEN_YEARS_MS] {
        let machine = Machine::at(NOW_MS + off_ms);
        let clock = machine.program();
        clock.agree(NOW_MS, 0);
        assert_eq!(price(&clock, NOW_MS + HOUR_MS), 1_670);
        machine.pass(HOUR_MS - 1);
        assert_eq!(price(&clock, NOW_MS + HOUR_MS), 1_670);
        machine.pass(1);
        assert_eq!((price(&clock, NOW_MS + HOUR_MS), clock.in_doubt()), (1_700, false));
    }
}

#[test]
fn r19_a_restart_without_anybody_to_ask_goes_on_by_the_offset_that_was_agreed() {
    for off_ms in [-TEN_YEARS_MS, 0, TEN_YEARS_MS] {
        let machine = Machine::at(NOW_MS + off_ms);
        let clock = machine.program();
        clock.agree(NOW_MS, 0);
        let kept = Agreement::parse(&clock.agreement().unwrap().to_text()).unwrap();
        machine.pass(HOUR_MS);
        let clock = machine.program();
        clock.resume(kept);
        assert!(!clock.in_doubt(), "{off_ms}");
        assert_eq!(clock.now().corrected_ms(), NOW_MS + HOUR_MS);
        assert_eq!(price(&clock, NOW_MS + HOUR_MS), 1_700);
        assert_eq!(clock.agreed_ms(), None, "nobody was asked in this life");
        // After a night switched off: the same clock, and another boot.
        let clock = machine.boots(NOW_MS + off_ms + DAY_MS);
        clock.resume(kept);
        assert!(!clock.in_doubt(), "{off_ms}");
        assert_eq!(clock.now().corrected_ms(), NOW_MS + DAY_MS);
    }
}

#[test]
fn r19_a_clock_set_while_the_program_did_not_run_is_found_by_the_boots_own_counter() {
    for off_ms in [-TEN_YEARS_MS, -HOUR_MS, HOUR_MS, 30 * DAY_MS, TEN_YEARS_MS] {
        let machine = Machine::at(NOW_MS);
        let clock = machine.program();
        clock.agree(NOW_MS, 0);
        let kept = clock.agreement().unwrap();
        machine.pass(MINUTE_MS);
        machine.set(NOW_MS + MINUTE_MS + off_ms);
        let clock = machine.program();
        clock.resume(kept);
        assert!(clock.in_doubt(), "{off_ms}");
        assert_eq!(price(&clock, NOW_MS + 30 * MINUTE_MS), 1_670, "{off_ms}");
        // Set right by hand, it is trusted again.
        machine.set(NOW_MS + MINUTE_MS);
        assert!(!clock.in_doubt(), "{off_ms}");
    }
}

#[test]
fn r35_a_machine_that_wakes_in_1970_or_2099_sells_at_the_price_that_it_had() {
    for wakes_ms in [IN_1970_MS, IN_2099_MS, -DAY_MS, 0] {
        let machine = Machine::at(NOW_MS);
        let clock = machine.program();
        clock.agree(NOW_MS, 0);
        let kept = clock.agreement().unwrap();
        let clock = machine.boots(wakes_ms);
        clock.resume(kept);
        assert!(clock.in_doubt(), "{wakes_ms}");
        assert_eq!(price(&clock, NOW_MS + HOUR_MS), 1_670, "{wakes_ms}");
        machine.pass(DAY_MS);
        assert_eq!(price(&clock, NOW_MS + HOUR_MS), 1_670, "{wakes_ms}");
        // An upstream that woke there too teaches nothing.
        clock.agree(TIME_UNKNOWN_MS, 0);
        assert!(clock.in_doubt(), "{wakes_ms}");
        clock.agree(NOW_MS + DAY_MS, 0);
        assert_eq!((price(&clock, NOW_MS + HOUR_MS), clock.in_doubt()), (1_700, false), "{wakes_ms}");
    }
}

#[test]
fn r35_a_stamp_records_both_clocks_the_boot_and_the_offset() {
    let machine = Machine::at(IN_2099_MS);
    let clock = machine.program();
    assert_eq!(clock.now().offset_ms, None, "nothing was agreed yet");
    clock.agree(NOW_MS, 0);
    machine.pass(5_000);
    let stamp = clock.now();
    assert_eq!((stamp.wall_ms, stamp.mono_ms, stamp.boot), (IN_2099_MS + 5_000, 5_000, 1));
    assert_eq!(stamp.corrected_ms(), NOW_MS + 5_000);
    let _ = machine.boots(IN_2099_MS);
    assert_ne!(machine.boot.load(Ordering::Relaxed), stamp.boot);
}

#[test]
fn r35_an_hour_of_daylight_saving_moves_no_clock_and_no_price() {
    // Clocks count in UTC: what the wall shows an hour later in spring is no hour more.
    let machine = Machine::at(NOW_MS);
    let clock = machine.program();
    clock.agree(NOW_MS, 0);
    for _ in 0..48 {
        machine.pass(30 * MINUTE_MS);
        assert!(!clock.in_doubt());
    }
    // A machine whose owner keeps it in local time, and so sets it by an hour, raises the flag; sales keep their price.
    machine.set(NOW_MS + DAY_MS + HOUR_MS);
    assert!(clock.in_doubt());
    assert_eq!(price(&clock, NOW_MS + DAY_MS + 30 * MINUTE_MS), 1_670);
}

#[test]
fn r19_an_agreement_that_was_kept_reads_back_and_nothing_else_does() {
    for boot_ms in [None, Some(0), Some(77)] {
        let agreement = Agreement { wall_ms: -5, offset_ms: NOW_MS, boot: u32::MAX, boot_ms };
        assert_eq!(Agreement::parse(&agreement.to_text()), Some(agreement));
    }
    for text in ["", "1 2 3", "1 2 3 4 5", "a 2 3 4", "1 2 -3 4"] {
        assert_eq!(Agreement::parse(text), None, "{text}");
    }
}
