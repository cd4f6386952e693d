//! The simulator itself: it replays, its faults fire, and its oracle can say no.

#![expect(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

use sync::Store;
use sync::store::Commit;
use sync_proto::Role;
use sync_proto::ledger::tables::Stock;
use sync_proto::rows::{RowChange, Table};
use sync_sim::{Break, Fault, Faults, Plan, World, WorldOptions, run, smaller};

fn violations_after(
    tamper: impl FnOnce(&mut [sync_sim::station::Process], &mut Vec<sync_sim::world::Shown>),
) -> Vec<String> {
    World::new(3, WorldOptions::default()).unwrap().run_tampered(tamper).violations
}

#[test]
fn worlds_keep_every_invariant_and_every_fault_fires() {
    let mut faults = Faults::default();
    for seed in 1..=60 {
        let report = World::new(seed, WorldOptions::default()).unwrap().run();
        assert_eq!(report.violations, Vec::<String>::new(), "seed {seed}: {:#?}", report.trace);
        assert!(report.sales > 0, "seed {seed} sold nothing");
        faults.add(&report.faults);
    }
    assert_eq!(faults.silent().collect::<Vec<_>>(), [], "these never fired");
}

#[test]
fn a_seed_replays_exactly() {
    let traced = WorldOptions { traced: true, ..WorldOptions::default() };
    let (first, second) = (run::one(42, traced), run::one(42, traced));
    assert!(!first.trace.is_empty());
    assert_eq!(first.trace, second.trace);
    assert_eq!((first.faults, first.sales), (second.faults, second.sales));
    let other = run::one(43, traced);
    assert_ne!(first.trace, other.trace);
}

#[test]
fn the_oracle_misses_a_sale_that_was_shown_and_is_not_at_hq() {
    let wrong = violations_after(|_, shown| {
        let mut lost = shown[0].clone();
        lost.entry.push(b' ');
        shown.push(lost);
    });
    assert!(wrong.iter().any(|line| line.starts_with("I1")), "{wrong:?}");
}

#[test]
fn the_oracle_finds_an_entry_that_an_upstream_does_not_hold() {
    let wrong = violations_after(|processes, _| {
        // A till in its first life: what stands behind the end of an earlier one is looked for in the next.
        let tills = processes.iter_mut().filter(|process| process.me.role == Role::Terminal);
        let in_first_life = |process: &mut sync_sim::station::Process| {
            let own: Vec<_> = process.disk()?.streams().unwrap().into_iter().filter(|row| row.own).collect();
            (own.len() == 1).then(|| own[0].clone())
        };
        let (till, own) = tills.filter_map(|till| in_first_life(till).map(|own| (till, own))).next().unwrap();
        let disk = till.disk().unwrap();
        let bytes = br#"{"v":1,"at":{"w":1,"m":0,"b":0},"t":"Later","d":{}}"#.to_vec();
        let key = sync_proto::EntryKey { stream: own.id, seq: own.head.seq.next() };
        let entry = sync_proto::Entry { key, hash: own.head.hash.chain(&bytes), bytes };
        disk.commit(&Commit { append: vec![entry], ..Commit::default() }).unwrap();
    });
    assert!(wrong.iter().any(|line| line.starts_with("I7")), "{wrong:?}");
    assert!(wrong.iter().any(|line| line.starts_with("I1: HQ does not hold")), "{wrong:?}");
}

#[test]
fn the_oracle_finds_books_that_do_not_add_up() {
    let wrong = violations_after(|processes, _| {
        let agent = processes.iter_mut().find(|process| process.me.role == Role::Agent).unwrap();
        let station = agent.me.station.to_string();
        let row = Stock { station, product_id: "CD1001".into(), on_hand_milli: 1 };
        let change = RowChange { key: row.row_key(), cells: Some(row.into_cells()) };
        agent.disk().unwrap().commit(&Commit { rows: vec![change], ..Commit::default() }).unwrap();
    });
    assert!(wrong.iter().any(|line| line.starts_with("I6")), "{wrong:?}");
}

#[test]
fn r20_the_oracle_finds_a_price_that_is_not_head_offices() {
    for role in [Role::Terminal, Role::Agent] {
        let mut flipped = 0;
        for seed in 1..=5 {
            let mut has_price = false;
            let world = World::new(seed, WorldOptions::default()).unwrap();
            let report = world.run_tampered(|processes, _| {
                let process = processes.iter_mut().find(|process| process.me.role == role).unwrap();
                has_price = process.disk().unwrap().flip_price(1 << 33);
            });
            let found = report.violations.iter().any(|line| line.starts_with("I7: the prices of process"));
            assert_eq!(found, has_price, "seed {seed}: {:?}", report.violations);
            flipped += u32::from(has_price);
        }
        assert!(flipped > 0, "no world had a price");
    }
}

#[test]
fn r6_the_oracle_finds_a_receipt_number_that_was_printed_twice() {
    let wrong = violations_after(|_, shown| shown.push(shown[0].clone()));
    assert!(wrong.iter().any(|line| line.starts_with("R6")), "{wrong:?}");
}

#[test]
fn r27_a_flipped_bit_of_an_entry_is_found_wherever_it_is() {
    violations_after(|processes, _| {
        let till = processes.iter_mut().find(|process| process.me.role == Role::Terminal).unwrap();
        let disk = till.disk().unwrap();
        assert!(!disk.is_damaged());
        for drawn in (0..40).map(|n: u64| ((n * 37) << 32) | n) {
            assert!(disk.flip_entry(drawn).is_some());
            assert!(disk.is_damaged());
            // The same bit again: all is well.
            disk.flip_entry(drawn);
            assert!(!disk.is_damaged());
        }
    });
}

#[test]
fn seeds_on_several_threads_are_judged_in_their_order_and_come_to_the_same() {
    let reports = |threads| {
        let mut reports = Vec::new();
        run::in_order(1..=12, threads, WorldOptions::default(), |report| {
            reports.push((report.seed, report.sales, report.faults));
            true
        });
        reports
    };
    let (alone, together) = (reports(1), reports(3));
    assert_eq!(alone.iter().map(|(seed, ..)| *seed).collect::<Vec<_>>(), (1..=12).collect::<Vec<_>>());
    assert_eq!(alone, together);
}

#[test]
fn a_fault_that_is_left_out_does_not_fire() {
    for fault in Fault::ALL {
        let plan = Plan::default().without(fault);
        let report = run::one(7, WorldOptions { plan, ..WorldOptions::default() });
        assert_eq!(report.faults.count(fault), 0, "{fault:?}");
        assert_eq!(report.violations, Vec::<String>::new(), "without {fault:?}");
    }
}

#[test]
fn a_violation_is_made_smaller_and_says_how_to_replay_it() {
    let options = WorldOptions { broken: Some(Break::R10), ..WorldOptions::default() };
    let (plan, report) = smaller::smallest(1, options);
    assert!(report.violations[0].starts_with("R10"), "{:?}", report.violations);
    assert!(report.steps < 100 && !report.trace.is_empty());
    assert_eq!(plan.left_out().count(), Fault::ALL.len(), "no fault is needed for it");
    let command = smaller::replay(1, WorldOptions { plan, ..options });
    assert!(command.starts_with("cargo xtask sim --seeds 1 --seed 1 --steps "), "{command}");
    assert!(command.ends_with(" --break r10"), "{command}");
    let again = run::one(1, WorldOptions { plan, traced: true, ..options });
    assert_eq!(again.trace, report.trace);
}

#[test]
fn r37_each_rule_that_is_broken_on_purpose_is_found() {
    for broken in Break::ALL {
        let found = run::mutation(broken, 1..=1_000, 2);
        assert!(found.is_some(), "nobody finds {broken:?} broken");
    }
}

#[test]
fn r37_seeds_that_found_a_defect_once_hold() {
    let kept: Vec<u64> = include_str!("seeds")
        .lines()
        .filter_map(|line| line.split('#').next()?.trim().parse().ok())
        .collect();
    assert!(kept.len() >= 5, "{kept:?}");
    for seed in kept {
        let report = run::one(seed, WorldOptions::default());
        assert_eq!(report.violations, Vec::<String>::new(), "seed {seed}");
    }
}
