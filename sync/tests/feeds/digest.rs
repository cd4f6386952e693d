//! R20: checkpoints find what went wrong, and the feed is taken anew.

use sync::store::Commit;
use sync::{Node, Store};
use sync_proto::FeedVersion;
use sync_proto::catalogue::{Price, Product};
use sync_proto::rows::{RowChange, Table as _, Value};
use sync_proto::wire::{CheckAnswer, FeedItem, Message, Reply};

use crate::cast::*;

fn flipped(product: &str, won: i64) -> RowChange {
    let key = Price::key(product, "", 0);
    RowChange { key, cells: Some(vec![Value::Int(won), Value::Int(2)]) }
}

#[test]
fn r20_a_row_flipped_on_a_till_is_healed_within_one_checkpoint_and_nothing_else_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut hq = in_memory(hq_origin());
    let mut till = on_disk(&folder.path().join("till.db"), till_origin());
    publish_catalogue(&mut hq, 300);
    pull(&mut till, &mut hq, &CHAIN, TILL);
    assert!(!differs(&mut till, &mut hq, &CHAIN, TILL));
    tamper(&mut till, flipped("PR00007", 1));
    assert!(differs(&mut till, &mut hq, &CHAIN, TILL));
    assert_eq!(till.feed_mismatches(), 1, "it raises an alarm");
    let changes = till.store().connection().total_changes();
    pull(&mut till, &mut hq, &CHAIN, TILL);
    assert!(till.store().connection().total_changes() - changes < 20, "one row was wrong");
    assert_same(&mut hq, &mut till);
    assert!(!differs(&mut till, &mut hq, &CHAIN, TILL));
}

#[test]
fn r20_a_row_too_many_or_too_few_is_found_too() {
    let (mut hq, mut till) = (in_memory(hq_origin()), in_memory(till_origin()));
    publish_catalogue(&mut hq, 20);
    pull(&mut till, &mut hq, &CHAIN, TILL);
    let gone = RowChange { key: Product::key("PR00003"), cells: None };
    for wrong in [gone, flipped("PR99999", 1)] {
        tamper(&mut till, wrong);
        assert!(differs(&mut till, &mut hq, &CHAIN, TILL));
        pull(&mut till, &mut hq, &CHAIN, TILL);
        assert_same(&mut hq, &mut till);
    }
}

#[test]
fn r20_an_item_damaged_in_an_agents_feed_is_found_though_its_own_rows_are_well() {
    let (mut hq, mut agent, mut till) =
        (in_memory(hq_origin()), in_memory(agent_origin()), in_memory(till_origin()));
    publish_catalogue(&mut hq, 20);
    pull(&mut agent, &mut hq, &CHAIN, AGENT);
    let (items, _) = agent.store().feed_items(&CHAIN, FeedVersion(0), usize::MAX).unwrap();
    let item = items.into_iter().find(|item| item.key.starts_with("price/PR00004/")).unwrap();
    let bytes = String::from_utf8(item.bytes.clone()).unwrap().replace("1000", "1001").into_bytes();
    assert_ne!(bytes, item.bytes);
    let feed_items = vec![(CHAIN, FeedItem { bytes, ..item })];
    agent.store().commit(&Commit { feed_items, ..Commit::default() }).unwrap();
    assert!(differs(&mut agent, &mut hq, &CHAIN, AGENT));
    pull(&mut agent, &mut hq, &CHAIN, AGENT);
    pull(&mut till, &mut agent, &CHAIN, TILL);
    assert_same(&mut hq, &mut till);
}

#[test]
fn r20_nobody_takes_over_what_another_counted() {
    let (mut hq, mut agent, mut till) =
        (in_memory(hq_origin()), in_memory(agent_origin()), in_memory(till_origin()));
    publish_catalogue(&mut hq, 20);
    pull(&mut agent, &mut hq, &CHAIN, AGENT);
    pull(&mut till, &mut agent, &CHAIN, TILL);
    // A till that is wrong asks first: the agent's answer is what the agent counted, not what it heard.
    tamper(&mut till, flipped("PR00001", 5));
    let wrong = till.check(&CHAIN, false).unwrap().unwrap().message();
    let Reply::Check(said) = answer(&till, &mut agent, &Message::Check(wrong.clone())) else {
        panic!("a check is answered")
    };
    let right = agent.check(&CHAIN, true).unwrap().unwrap().message();
    assert_eq!(said.digest, Some(right.digest));
    assert_ne!(said.digest, Some(wrong.digest));
    assert!(!differs(&mut agent, &mut hq, &CHAIN, AGENT));
}

#[test]
fn r20_digests_of_different_cursors_are_not_compared() {
    let (mut hq, mut till) = (in_memory(hq_origin()), in_memory(till_origin()));
    publish_catalogue(&mut hq, 20);
    pull(&mut till, &mut hq, &CHAIN, TILL);
    let scan = till.check(&CHAIN, false).unwrap().unwrap();
    publish(&mut hq, NOW_MS, &[price(1, 5)]);
    let Reply::Check(late) = answer(&till, &mut hq, &Message::Check(scan.message())) else {
        panic!("a check is answered")
    };
    assert_eq!(late.digest, None);
    // The till moved on between its count and the answer.
    let digest = hq_digest(&mut hq);
    pull(&mut till, &mut hq, &CHAIN, TILL);
    assert!(!till.apply_check(&scan, &CheckAnswer { digest: Some(digest), ..late }).unwrap());
    assert_eq!(till.feed_mismatches(), 0);
}

fn hq_digest<S: Store>(hq: &mut Node<S>) -> sync_proto::digest::RowsDigest {
    hq.check(&CHAIN, false).unwrap().unwrap().message().digest
}

#[test]
fn r20_a_count_that_the_feed_overtakes_is_given_up() {
    let (mut hq, mut till) = (in_memory(hq_origin()), in_memory(till_origin()));
    publish_catalogue(&mut hq, 20);
    pull(&mut till, &mut hq, &CHAIN, TILL);
    let mut scan = till.begin_check(&CHAIN, false).unwrap().unwrap();
    assert_eq!(till.step_check(&mut scan).unwrap(), Some(false));
    publish(&mut hq, NOW_MS, &[price(1, 5)]);
    pull(&mut till, &mut hq, &CHAIN, TILL);
    assert_eq!(till.step_check(&mut scan).unwrap(), None);
}

#[test]
fn r20_head_office_mends_its_own_rows_from_what_it_published() {
    let (mut hq, mut till) = (in_memory(hq_origin()), in_memory(till_origin()));
    publish_catalogue(&mut hq, 20);
    pull(&mut till, &mut hq, &CHAIN, TILL);
    tamper(&mut hq, flipped("PR00002", 9));
    assert!(!differs(&mut till, &mut hq, &CHAIN, TILL), "the till has what was published");
    assert_eq!(hq.keep_feeds(NOW_MS).unwrap().mended, 1);
    assert_same(&mut hq, &mut till);
    assert_eq!(hq.keep_feeds(NOW_MS).unwrap().mended, 0);
    let row: Option<Price> = hq.get(&Price::key("PR00002", "", 0)).unwrap();
    assert_eq!(row.unwrap().into_cells()[0], Value::Int(1_000));
}
