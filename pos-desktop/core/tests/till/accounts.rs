use pos_core::sale::{self, QuickSale};
use pos_core::{accounts, cart};
use sync_proto::Money;

use crate::fixture::{GASOLINE, Till, WATER, account, cash, code, id, milli, on_account, station};

#[test]
fn accounts_of_the_stations_feed_are_found_by_name_and_number() {
    let mut till = Till::new();
    till.open_account("AC0001", "김주유", Some(100_000));
    till.open_account("AC0002", "한라운수 50%", None);
    let mut find = |query: &str| -> Vec<String> {
        let found = accounts::search(till.node.store().connection(), &station(), query).unwrap();
        found.into_iter().map(|each| each.account.to_string()).collect()
    };
    assert_eq!(find("").len(), 2);
    assert_eq!(find("운수"), ["AC0002"]);
    assert_eq!(find("ac0001"), ["AC0001"]);
    assert_eq!(find("%"), ["AC0002"]);
    assert!(find("없음").is_empty());
}

#[test]
fn a_charge_within_the_limit_is_taken_and_one_over_it_is_refused_with_what_is_left() {
    let mut till = Till::new();
    till.open_account("AC0001", "김주유", Some(10_000));
    till.add(WATER, milli(7_000)).unwrap();
    till.pay(&[on_account(7_000, "AC0001")]).unwrap();
    till.add(WATER, milli(4_000)).unwrap();
    let refused = till.pay(&[on_account(4_000, "AC0001")]).unwrap_err();
    assert_eq!(refused.code(), "credit_exceeded");
    assert!(refused.to_string().contains("3000 won left"), "{refused}");
    assert_eq!(
        code(till.pay(&[on_account(2_000, "AC0001"), on_account(2_000, "AC0001")])),
        "credit_exceeded"
    );
    till.pay(&[on_account(3_000, "AC0001"), cash(1_000)]).unwrap();
    let known = accounts::known(till.node.store().connection(), &station(), &account("AC0001")).unwrap();
    assert_eq!((known.balance, known.left()), (Money(10_000), Some(Money::ZERO)));
}

#[test]
fn an_account_without_a_limit_is_charged_any_amount() {
    let mut till = Till::new();
    till.open_account("AC0001", "김주유", None);
    let quick = QuickSale { product: id(GASOLINE), milli: 500_000_000, account: Some(account("AC0001")) };
    sale::sell_one(&mut till.node, &till.calendar, &till.now, &quick, None).unwrap();
}

#[test]
fn an_unknown_account_is_refused() {
    let mut till = Till::new();
    till.add(WATER, milli(1_000)).unwrap();
    assert_eq!(code(till.pay(&[on_account(1_000, "AC0009")])), "unknown_account");
    let chosen = cart::set_account(&mut till.node, &till.now, Some(account("AC0009")));
    assert_eq!(code(chosen), "unknown_account");
    assert!(till.trade().is_empty());
}
