//! A broker that is killed, forgets or lies: it never carries the guarantee, so nothing is lost.

use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::stage::Stage;

use super::case::{Case, either};
use super::liar::{Liar, Manners};
use super::shopfront::Shopfront;

const HONEST: Manners = Manners { swallowed: 0, tripled: 0, overtaken: 0 };

fn behind(liar: &Liar) -> Shopfront {
    Shopfront::open(Stage::with(|wish| {
        wish.hq_mqtt_route = Some(liar.address.to_string());
        liar.stand_before(&wish.data);
    }))
}

#[test]
fn r2_a_broker_that_acknowledges_and_drops_loses_nothing() {
    let mut case = Case::new("broker-lies");
    let liar = Liar::listen();
    let mut front = behind(&liar);
    for round in 0..either(2, 20) {
        case.run(&format!("everything is swallowed, round {round}"), |case| {
            let before = liar.done().swallowed.load(Ordering::SeqCst);
            liar.behave(Manners { swallowed: 100, ..HONEST });
            for _ in 0..5 {
                front.sell();
            }
            crate::eventually::holds(crate::stage::HEALED, "messages to be swallowed", || {
                liar.done().swallowed.load(Ordering::SeqCst) > before
            });
            liar.behave(HONEST);
            front.agrees_again(case, Instant::now());
        });
    }
    case.run("at the end", |_| front.check());
    case.end();
}

#[test]
fn r10_messages_lost_repeated_and_reordered_bring_everything_once() {
    let mut case = Case::new("broker-storm");
    let liar = Liar::listen();
    let mut front = behind(&liar);
    for (what, manners) in [
        ("each message three times", Manners { tripled: 100, ..HONEST }),
        ("three in ten are lost", Manners { swallowed: 30, ..HONEST }),
        ("one in two is overtaken", Manners { overtaken: 50, ..HONEST }),
        ("all of it", Manners { swallowed: 30, tripled: 30, overtaken: 20 }),
    ] {
        case.run(what, |case| {
            liar.behave(manners);
            for _ in 0..either(30, 300) {
                front.sell();
            }
            liar.behave(HONEST);
            front.agrees_again(case, Instant::now());
        });
    }
    let done = liar.done();
    for (what, counter) in
        [("swallowed", &done.swallowed), ("tripled", &done.tripled), ("overtaken", &done.overtaken)]
    {
        assert!(counter.load(Ordering::SeqCst) > 0, "I8: no message was {what}");
    }
    case.run("at the end", |_| front.check());
    case.end();
}

#[test]
fn r2_a_broker_that_forgets_everything_at_any_moment_loses_nothing() {
    let mut case = Case::new("broker-wiped");
    let liar = Liar::listen();
    let mut front = behind(&liar);
    for round in 0..either(10, 200) {
        case.run(&format!("round {round}"), |_| {
            front.sell();
            liar.forget_everything();
            front.sell();
        });
    }
    case.run("killed with head office, whose broker keeps nothing", |case| {
        front.stage.fleet.kill_and_hold("hq").unwrap();
        for _ in 0..5 {
            front.sell();
        }
        front.stage.fleet.release("hq").unwrap();
        front.agrees_again(case, Instant::now());
    });
    case.run("at the end", |_| front.check());
    case.end();
}
