use pos_core::cart::{self, LINES_MAX, LineEntry};
use sync_proto::{Fact, Money};

use crate::fixture::{GASOLINE, NOW_MS, RICE, Till, WATER, account, at, cash, code, milli};

#[test]
fn the_cart_survives_a_crash() {
    let mut till = Till::new();
    till.open_account("AC0001", "김주유", None);
    till.add(GASOLINE, LineEntry::Amount { won: Money(30_000) }).unwrap();
    till.add(WATER, milli(2_000)).unwrap();
    cart::set_account(&mut till.node, &till.now, Some(account("AC0001"))).unwrap();
    let before = till.cart();
    let mut till = till.reopened();
    assert_eq!(till.cart(), before);
    assert_eq!(before.account_name.as_deref(), Some("김주유"));
}

#[test]
fn a_line_keeps_the_price_it_was_added_at_while_the_menu_changes() {
    let mut till = Till::new();
    till.add(GASOLINE, milli(10_000)).unwrap();
    till.add(WATER, milli(1_000)).unwrap();
    till.price(GASOLINE, 1_700, NOW_MS + 1);
    till.price(WATER, 1_100, NOW_MS + 1);
    till.now = at(NOW_MS + 2);
    let cart = till.add(WATER, milli(1_000)).unwrap();
    let prices: Vec<i64> = cart.lines.iter().map(|each| each.line.unit_price.0).collect();
    assert_eq!(prices, [1_670, 1_000, 1_100]);
    assert_eq!(till.pay(&[cash(18_800)]).unwrap().total, Money(18_800));
}

#[test]
fn prices_stay_as_they_were_while_the_clock_is_in_doubt() {
    let mut till = Till::new();
    till.price(GASOLINE, 1_700, NOW_MS + 1_000);
    till.now.stamp.wall_ms = NOW_MS + 10_000;
    let cart = till.add(GASOLINE, milli(1_000)).unwrap();
    assert_eq!(cart.total(), Money(1_670));
}

#[test]
fn more_of_the_same_goods_is_one_line_and_fuel_is_a_line_per_fill() {
    let mut till = Till::new();
    till.add(WATER, milli(1_000)).unwrap();
    till.add(WATER, milli(2_000)).unwrap();
    till.add(GASOLINE, milli(1_000)).unwrap();
    let cart = till.add(GASOLINE, milli(1_000)).unwrap();
    let quantities: Vec<i64> = cart.lines.iter().map(|each| each.line.quantity.milli()).collect();
    assert_eq!(quantities, [3_000, 1_000, 1_000]);
}

#[test]
fn a_line_can_be_changed_and_removed_and_its_number_is_not_used_again() {
    let mut till = Till::new();
    till.add(GASOLINE, LineEntry::Amount { won: Money(50_000) }).unwrap();
    let cart = cart::set_quantity(&mut till.node, &till.now, 1, 10_000).unwrap();
    assert_eq!(cart.total(), Money(16_700));
    assert_eq!(code(cart::set_quantity(&mut till.node, &till.now, 1, 0)), "bad_quantity");
    assert_eq!(code(cart::set_quantity(&mut till.node, &till.now, 2, 1_000)), "unknown_line");
    cart::remove_line(&mut till.node, &till.now, 1).unwrap();
    assert_eq!(code(cart::remove_line(&mut till.node, &till.now, 1)), "unknown_line");
    assert_eq!(till.add(WATER, milli(1_000)).unwrap().lines[0].line_no, 2);
    assert!(cart::clear(&mut till.node, &till.now).unwrap().lines.is_empty());
    assert!(!till.journal().iter().any(|fact| matches!(fact, Fact::Sold(_) | Fact::SaleCancelled(_))));
}

#[test]
fn a_preset_amount_is_for_fuel_and_must_buy_something() {
    let mut till = Till::new();
    for (product, won) in
        [(WATER, 5_000), (GASOLINE, 1), (GASOLINE, 0), (GASOLINE, -5), (GASOLINE, 1_000_000_001)]
    {
        assert_eq!(
            code(till.add(product, LineEntry::Amount { won: Money(won) })),
            "bad_quantity",
            "{product} {won}"
        );
    }
    assert!(till.cart().lines.is_empty());
}

#[test]
fn a_cart_is_full_at_its_limit_and_sells_whole() {
    let mut till = Till::new();
    for _ in 0..LINES_MAX {
        till.add(GASOLINE, milli(1_000)).unwrap();
    }
    assert_eq!(code(till.add(GASOLINE, milli(1_000))), "cart_full");
    assert_eq!(till.pay(&[cash(167_000)]).unwrap().total, Money(167_000));
}

#[test]
fn vat_is_computed_per_class_of_the_receipt_and_not_per_line() {
    let mut till = Till::new();
    // Two lines of 1,670: 152 each on their own, 304 on 3,340; the rice carries none.
    till.add(GASOLINE, milli(1_000)).unwrap();
    till.add(GASOLINE, milli(1_000)).unwrap();
    let cart = till.add(RICE, milli(1_000)).unwrap();
    assert_eq!((cart.total(), cart.vat()), (Money(12_340), Money(304)));
}
