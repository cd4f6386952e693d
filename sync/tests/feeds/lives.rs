//! R11 and R36 for feeds: head office restored, and two sources of which one is behind.

use std::sync::Arc;

use sync::node::Applied;
use sync::{Node, Store};
use sync_proto::catalogue::{Catalogue, Price};
use sync_proto::ledger::{Depth, Ledger};
use sync_proto::project::All;
use sync_proto::wire::{FeedCursor, Reply};
use sync_proto::{FeedVersion, Incarnation};

use crate::cast::*;

#[test]
fn r11_a_new_life_of_head_office_is_seen_at_once_and_what_it_lost_goes() {
    let (mut hq, mut agent, mut till) =
        (in_memory(hq_origin()), in_memory(agent_origin()), in_memory(till_origin()));
    publish_catalogue(&mut hq, 10);
    let backup = hq.store().clone();
    publish(&mut hq, NOW_MS, &[product(11, "lost"), price(1, 9_000)]);
    pull(&mut agent, &mut hq, &CHAIN, AGENT);
    pull(&mut till, &mut agent, &CHAIN, TILL);
    let mut hq = open(backup, hq_origin());
    hq.reincarnate([77; 16], "restored", at(NOW_MS)).unwrap();
    // Nothing was published since; the new life shows all the same.
    let head = hq.store().feed_head(&CHAIN).unwrap().unwrap();
    assert_eq!(head, FeedCursor { writer: Incarnation([77; 16]), version: FeedVersion(20) });
    pull(&mut agent, &mut hq, &CHAIN, AGENT);
    pull(&mut till, &mut agent, &CHAIN, TILL);
    assert_same(&mut hq, &mut till);
    let versions: Vec<i64> = table::<Price, _>(&mut hq).into_iter().map(|row| row.version).collect();
    assert!(
        versions.iter().all(|version| *version <= 20),
        "rows are numbered with their items: {versions:?}"
    );
    for (puller, how) in [(&mut agent, AGENT), (&mut till, TILL)] {
        assert!(!differs(puller, &mut hq, &CHAIN, how));
    }
}

#[test]
fn r11_a_start_after_a_crash_between_new_life_and_numbering_makes_up_for_it() {
    let mut hq = in_memory(hq_origin());
    publish_catalogue(&mut hq, 10);
    let mut torn = hq.store().clone();
    hq.reincarnate([77; 16], "restored", at(NOW_MS)).unwrap();
    // The stream of the new life is there, the feed is still of the old one.
    let row = hq.store().streams().unwrap().into_iter().find(|row| row.id.incarnation.0 == [77; 16]).unwrap();
    let opened = hq.store().entries(&row.id, sync_proto::Seq(1), 1, usize::MAX).unwrap();
    let fresh = sync::store::StreamRow::new(row.id, row.origin, true);
    let commit = sync::store::Commit { streams: vec![fresh], append: opened, ..Default::default() };
    torn.commit(&commit).unwrap();
    let books = All(vec![Box::new(Catalogue), Box::new(Ledger::new(Depth::Station))]);
    let mut hq = Node::open(torn, Arc::new(books), hq_origin(), [1; 16], at(NOW_MS)).unwrap();
    let head = hq.store().feed_head(&CHAIN).unwrap().unwrap();
    assert_eq!(head.writer, Incarnation([77; 16]));
}

#[test]
fn r11_a_feed_that_a_restored_head_office_never_wrote_is_emptied() {
    let (mut hq, mut agent) = (in_memory(hq_origin()), in_memory(agent_origin()));
    let backup = hq.store().clone();
    publish_catalogue(&mut hq, 5);
    pull(&mut agent, &mut hq, &CHAIN, AGENT);
    let mut hq = open(backup, hq_origin());
    hq.reincarnate([77; 16], "restored", at(NOW_MS)).unwrap();
    pull(&mut agent, &mut hq, &CHAIN, AGENT);
    assert_same(&mut hq, &mut agent);
    publish_catalogue(&mut hq, 5);
    pull(&mut agent, &mut hq, &CHAIN, AGENT);
    assert_same(&mut hq, &mut agent);
}

#[test]
fn r36_an_agent_that_is_behind_never_takes_a_till_back_to_an_older_version() {
    let (mut hq, mut agent, mut till) =
        (in_memory(hq_origin()), in_memory(agent_origin()), in_memory(till_origin()));
    publish_catalogue(&mut hq, 5);
    pull(&mut agent, &mut hq, &CHAIN, AGENT);
    publish(&mut hq, NOW_MS, &[price(1, 7_000)]);
    // The agent is away; the till asks head office itself.
    pull(&mut till, &mut hq, &CHAIN, TILL);
    let stands = till.store().feed_head(&CHAIN).unwrap();
    let Reply::Pull(answer) = ask(&mut till, &mut agent, &CHAIN) else { panic!("a pull is answered") };
    assert!(!answer.has_news(), "it waits with the agent");
    assert_eq!(till.apply_pull(&answer, TILL, at(NOW_MS)).unwrap(), Applied::Behind);
    assert_eq!(till.store().feed_head(&CHAIN).unwrap(), stands);
    assert_same(&mut hq, &mut till);
    publish(&mut hq, NOW_MS, &[price(2, 8_000)]);
    pull(&mut agent, &mut hq, &CHAIN, AGENT);
    assert_eq!(pull(&mut till, &mut agent, &CHAIN, TILL), 2, "and goes on with it once it has caught up");
    assert_same(&mut hq, &mut till);
}

#[test]
fn r36_an_agent_that_knows_an_old_life_of_head_office_never_takes_a_till_back_to_it() {
    let (mut hq, mut agent, mut till) =
        (in_memory(hq_origin()), in_memory(agent_origin()), in_memory(till_origin()));
    publish_catalogue(&mut hq, 5);
    for puller in [&mut agent, &mut till] {
        pull(puller, &mut hq, &CHAIN, AGENT);
    }
    hq.reincarnate([77; 16], "restored", at(NOW_MS)).unwrap();
    publish(&mut hq, NOW_MS, &[price(1, 7_000)]);
    pull(&mut till, &mut hq, &CHAIN, TILL);
    let reply = ask(&mut till, &mut agent, &CHAIN);
    assert_eq!(apply(&mut till, &reply, TILL), Applied::Behind);
    assert_same(&mut hq, &mut till);
    // Even a snapshot that was offered before.
    pull(&mut agent, &mut hq, &CHAIN, AGENT);
    assert_eq!(pull(&mut till, &mut agent, &CHAIN, TILL), 1);
    assert_same(&mut hq, &mut till);
}
