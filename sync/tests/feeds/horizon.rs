//! R26: what is kept for how long, and what comes after.

use sync::{Draft, Store};
use sync_proto::catalogue::Product;
use sync_proto::wire::Reply;
use sync_proto::{FeedVersion, Incarnation};

use crate::cast::*;

fn retired(n: u32) -> Draft {
    Draft::withdrawal(CHAIN, format!("product/PR{n:05}"))
}

#[test]
fn r26_a_withdrawn_product_goes_everywhere_by_its_tombstone() {
    let (mut hq, mut agent, mut till) =
        (in_memory(hq_origin()), in_memory(agent_origin()), in_memory(till_origin()));
    publish_catalogue(&mut hq, 20);
    pull(&mut agent, &mut hq, &CHAIN, AGENT);
    pull(&mut till, &mut agent, &CHAIN, TILL);
    publish(&mut hq, NOW_MS, &[retired(4)]);
    let Reply::Pull(answer) = ask(&mut agent, &mut hq, &CHAIN) else { panic!("a pull is answered") };
    assert!(!answer.whole, "a tombstone is a small step");
    pull(&mut agent, &mut hq, &CHAIN, AGENT);
    pull(&mut till, &mut agent, &CHAIN, TILL);
    assert_eq!(table::<Product, _>(&mut till).len(), 19);
    assert_same(&mut hq, &mut till);
    assert!(!differs(&mut till, &mut agent, &CHAIN, TILL));
    // Its name comes back with it.
    publish(&mut hq, NOW_MS, &[product(4, "again")]);
    pull(&mut agent, &mut hq, &CHAIN, AGENT);
    assert_same(&mut hq, &mut agent);
}

#[test]
fn r26_a_station_returns_after_91_days() {
    let (mut hq, mut agent, mut near) =
        (in_memory(hq_origin()), in_memory(agent_origin()), in_memory(till_origin()));
    publish_catalogue(&mut hq, 20);
    for puller in [&mut agent, &mut near] {
        pull(puller, &mut hq, &CHAIN, AGENT);
    }
    publish(&mut hq, NOW_MS, &[retired(4), price(5, 5_555)]);
    pull(&mut near, &mut hq, &CHAIN, AGENT);
    // After 89 days everything that changed can still be told step by step.
    hq.keep_feeds(NOW_MS + 89 * DAY_MS).unwrap();
    assert_eq!(hq.store().feed_horizon(&CHAIN).unwrap(), FeedVersion(0));
    let night = NOW_MS + 91 * DAY_MS;
    publish(&mut hq, night, &[price(6, 6_666)]);
    assert_eq!(hq.keep_feeds(night).unwrap().horizons, 1);
    let (items, _) = hq.store().feed_items(&CHAIN, FeedVersion(0), usize::MAX).unwrap();
    assert!(items.iter().all(|item| !item.is_tombstone()), "the tombstone is gone");
    let Reply::Pull(answer) = ask(&mut near, &mut hq, &CHAIN) else { panic!("a pull is answered") };
    assert!(!answer.whole, "who was there all the time gets small steps on");
    let Reply::Pull(answer) = ask(&mut agent, &mut hq, &CHAIN) else { panic!("a pull is answered") };
    assert!(answer.whole, "who was away gets everything that is live");
    for puller in [&mut agent, &mut near] {
        pull(puller, &mut hq, &CHAIN, AGENT);
        assert_same(&mut hq, puller);
        assert!(!differs(puller, &mut hq, &CHAIN, AGENT));
    }
}

#[test]
fn r26_an_agent_that_was_filled_by_a_snapshot_knows_that_it_has_no_older_tombstones() {
    let (mut hq, mut agent, mut till) =
        (in_memory(hq_origin()), in_memory(agent_origin()), in_memory(till_origin()));
    publish_catalogue(&mut hq, 20);
    pull(&mut till, &mut hq, &CHAIN, TILL);
    publish(&mut hq, NOW_MS, &[retired(4)]);
    pull(&mut agent, &mut hq, &CHAIN, AGENT);
    // The till is older than the agent's snapshot: small steps from there would leave the fourth product.
    pull(&mut till, &mut agent, &CHAIN, TILL);
    assert_same(&mut hq, &mut till);
}

#[test]
fn r26_a_feed_takes_back_only_what_it_may_publish() {
    let (mut hq, mut agent) = (in_memory(hq_origin()), in_memory(agent_origin()));
    publish_catalogue(&mut hq, 3);
    pull(&mut agent, &mut hq, &CHAIN, AGENT);
    for key in ["product/PR00001", "price/PR00001//0"] {
        publish(&mut hq, NOW_MS, &[Draft::withdrawal(here(), key)]);
    }
    pull(&mut agent, &mut hq, &here(), AGENT);
    assert_eq!(table::<Product, _>(&mut agent).len(), 3);
    assert_same(&mut hq, &mut agent);
    assert_ne!(agent.own_stream().incarnation, Incarnation([0; 16]));
}
