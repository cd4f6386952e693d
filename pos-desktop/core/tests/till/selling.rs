use pos_core::cart::LineEntry;
use pos_core::idempotency::Request;
use pos_core::receipt::{self, Paper};
use pos_core::sale::{self, QuickSale};
use pos_core::settings::Language;
use sync_proto::fact::{Fact, Tender};
use sync_proto::tax::TaxClass;
use sync_proto::{FeedVersion, Money, Unit};

use crate::fixture::{GASOLINE, NOW_MS, RICE, Till, WATER, at, card, cash, code, id, milli};

#[test]
fn a_sale_is_one_entry_with_its_lines_tenders_number_and_tax_and_an_empty_cart() {
    let mut till = Till::new();
    till.add(GASOLINE, milli(20_000)).unwrap();
    till.add(RICE, milli(2_000)).unwrap();
    let done = till.pay(&[cash(30_000), card(30_000)]).unwrap();
    assert_eq!(done.sale.as_str(), "ST0001-01-ZZZZZ-000001");
    assert_eq!((done.total, done.received, done.change), (Money(51_400), Money(60_000), Money(8_600)));
    let trade = till.trade();
    let [Fact::Sold(sold)] = trade.as_slice() else { panic!("{trade:?}") };
    assert_eq!(sold.sale, done.sale);
    assert_eq!(sold.tenders[0], Tender::Cash { amount: Money(21_400) });
    assert_eq!((sold.total, sold.vat), (Money(51_400), Money(3_036)));
    assert_eq!(sold.lines[0].price_version, FeedVersion(4));
    assert!(till.cart().lines.is_empty());
}

#[test]
fn what_is_shown_done_is_in_the_database_after_a_crash() {
    let mut till = Till::new();
    till.add(GASOLINE, milli(10_000)).unwrap();
    let done = till.pay(&[cash(20_000)]).unwrap();
    let mut till = till.reopened();
    assert_eq!(till.trade().len(), 1);
    assert!(till.cart().lines.is_empty());
    let receipt =
        receipt::read(till.node.store().connection(), &crate::fixture::origin(), &done.sale).unwrap();
    assert_eq!(receipt.cash_received, Money(20_000));
    let text = receipt::text(&receipt, Paper::Narrow, Language::Korean, &till.calendar);
    assert!(text.contains("거스름돈                   3,300"), "{text}");
}

#[test]
fn receipt_numbers_have_no_gaps_over_refusals_and_restarts() {
    let mut till = Till::new();
    assert_eq!(till.sell(WATER, 1_000).as_str(), "ST0001-01-ZZZZZ-000001");
    till.add(WATER, milli(1_000)).unwrap();
    assert_eq!(code(till.pay(&[cash(1)])), "tender_short");
    assert_eq!(till.pay(&[cash(1_000)]).unwrap().sale.as_str(), "ST0001-01-ZZZZZ-000002");
    let mut till = till.reopened();
    assert_eq!(till.sell(WATER, 1_000).as_str(), "ST0001-01-ZZZZZ-000003");
}

#[test]
fn a_new_life_of_the_database_numbers_in_a_series_of_its_own() {
    let mut till = Till::new();
    till.sell(WATER, 1_000);
    till.node.reincarnate([0; 16], "restored", till.now.stamp).unwrap();
    assert_eq!(till.sell(WATER, 1_000).as_str(), "ST0001-01-00000-000001");
}

#[test]
fn fifty_thousand_won_of_fuel_is_fifty_thousand_won() {
    let mut till = Till::new();
    let cart = till.add(GASOLINE, LineEntry::Amount { won: Money(50_000) }).unwrap();
    assert_eq!(cart.total(), Money(50_000));
    assert_eq!(cart.lines[0].line.quantity.milli(), 29_940);
    till.pay(&[card(50_000)]).unwrap();
    let trade = till.trade();
    let [Fact::Sold(sold)] = trade.as_slice() else { panic!("{trade:?}") };
    assert_eq!((sold.total, sold.lines[0].amount), (Money(50_000), Money(50_000)));
}

#[test]
fn payments_that_do_not_fit_are_refused_and_the_cart_stays() {
    let mut till = Till::new();
    assert_eq!(code(till.pay(&[cash(1_000)])), "empty_cart");
    till.add(WATER, milli(3_000)).unwrap();
    for (payments, expected) in [
        (vec![], "tender_short"),
        (vec![cash(2_999)], "tender_short"),
        (vec![card(2_000), cash(999)], "tender_short"),
        (vec![card(3_001)], "tender_over"),
        (vec![card(0), cash(3_000)], "bad_amount"),
        (vec![cash(-3_000)], "bad_amount"),
        (vec![cash(i64::MAX)], "bad_amount"),
        (vec![card(300); 11], "bad_request"),
    ] {
        assert_eq!(code(till.pay(&payments)), expected, "{payments:?}");
    }
    assert_eq!(till.cart().total(), Money(3_000));
    assert!(till.trade().is_empty());
    assert_eq!(till.pay(&[card(3_000), cash(500)]).unwrap().change, Money(500));
}

#[test]
fn a_card_number_does_not_pass_for_an_approval_number() {
    let mut till = Till::new();
    till.add(WATER, milli(1_000)).unwrap();
    for approval in ["", "1234567890123", "12 34", "승인"] {
        let payment = sale::Payment::Card { amount: Money(1_000), approval: approval.to_owned() };
        assert_eq!(code(till.pay(&[payment])), "bad_approval_number", "{approval}");
    }
}

#[test]
fn a_card_number_is_taken_neither_as_approval_number_nor_as_key() {
    let mut till = Till::new();
    till.add(WATER, milli(1_000)).unwrap();
    for number in ["4111111111111111", " 4111-1111-1111-1111", ";4111111111111111=29121010000000?"] {
        let payment = sale::Payment::Card { amount: Money(1_000), approval: number.to_owned() };
        let refused = till.pay(&[payment]).unwrap_err();
        assert_eq!(refused.code(), "card_number_refused");
        assert!(!format!("{refused} {refused:?}").contains("1111"), "it is not repeated: {refused:?}");
        assert_eq!(code(Request::new(number, String::new())), "card_number_refused");
    }
    assert!(till.trade().is_empty());
}

#[test]
fn a_full_disk_refuses_the_sale_whole_and_selling_goes_on_when_there_is_room() {
    let mut till = Till::new();
    till.add(WATER, milli(1_000)).unwrap();
    let pages = till.count("SELECT page_count FROM pragma_page_count");
    till.node.store().connection().pragma_update(None, "max_page_count", pages).unwrap();
    let mut refused = None;
    for _ in 0..200 {
        match till.pay(&[cash(1_000)]) {
            Ok(_) => {
                till.node.store().connection().pragma_update(None, "max_page_count", 1_000_000).unwrap();
                till.add(WATER, milli(1_000)).unwrap();
                till.node.store().connection().pragma_update(None, "max_page_count", 1).unwrap();
            }
            Err(why) => {
                refused = Some(why.code());
                break;
            }
        }
    }
    assert_eq!(refused, Some("storage_full"));
    let before = till.trade().len();
    assert_eq!(till.cart().total(), Money(1_000));
    till.node.store().connection().pragma_update(None, "max_page_count", 1_000_000).unwrap();
    till.pay(&[cash(1_000)]).unwrap();
    assert_eq!(till.trade().len(), before + 1);
    assert_eq!(till.count("SELECT max(last) FROM receipt_counters"), i64::try_from(before + 1).unwrap());
}

#[test]
fn a_repeated_request_gives_the_same_sale_and_another_under_its_key_is_refused() {
    let mut till = Till::new();
    let quick = QuickSale { product: id(WATER), milli: 2_000, account: None };
    let request = Request::new("a-key", "sell CD2001 2000".to_owned()).unwrap();
    let first = sale::sell_one(&mut till.node, &till.calendar, &till.now, &quick, Some(&request)).unwrap();
    let mut till = till.reopened();
    let again = sale::sell_one(&mut till.node, &till.calendar, &till.now, &quick, Some(&request)).unwrap();
    assert_eq!(first, again);
    assert_eq!(till.trade().len(), 1);
    let other = Request::new("a-key", "sell CD2001 3000".to_owned()).unwrap();
    let refused = sale::sell_one(&mut till.node, &till.calendar, &till.now, &quick, Some(&other));
    assert_eq!(code(refused), "idempotency_key_reused");
    assert_eq!(code(Request::new("", String::new())), "bad_request");
}

#[test]
fn absurd_quantities_and_unknown_products_are_refused_and_nothing_is_recorded() {
    let mut till = Till::new();
    for (product, milli, expected) in [
        ("CD9999", 1_000, "unknown_product"),
        (GASOLINE, 0, "bad_quantity"),
        (GASOLINE, -1, "bad_quantity"),
        (GASOLINE, 1_000_000_000_001, "bad_quantity"),
        (GASOLINE, i64::MAX, "bad_quantity"),
        (WATER, 1_500, "bad_quantity"),
    ] {
        let quick = QuickSale { product: id(product), milli, account: None };
        let refused = sale::sell_one(&mut till.node, &till.calendar, &till.now, &quick, None);
        assert_eq!(code(refused), expected, "{product} {milli}");
        assert_eq!(code(till.add(product, crate::fixture::milli(milli))), expected, "{product} {milli}");
    }
    till.product("CD3001", ("금", "Gold"), Unit::Piece, TaxClass::Taxed);
    assert_eq!(code(till.add("CD3001", milli(1_000))), "unknown_product");
    till.price("CD3001", 1_000_000_000, 0);
    assert_eq!(code(till.add("CD3001", milli(1_000_000_000_000))), "bad_quantity");
    assert!(till.trade().is_empty());
}

#[test]
fn a_sale_carries_its_business_day() {
    use sync::Store as _;
    let mut till = Till::new();
    till.now = at(NOW_MS + 10 * 60 * 60 * 1000);
    till.sell(WATER, 1_000);
    let own = till.node.own_stream();
    let last =
        till.node.store().entries(&own, sync_proto::Seq(1), u32::MAX, usize::MAX).unwrap().pop().unwrap();
    assert!(String::from_utf8(last.bytes).unwrap().contains(r#""day":"2026-11-24""#));
}
