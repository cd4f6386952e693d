use pos_core::TillError;
use pos_core::idempotency::Request;
use pos_core::{cancel, recent};
use sync_proto::SaleId;
use sync_proto::fact::{CancelReason, Fact};

use crate::fixture::{GASOLINE, RICE, Till, WATER, card, cash, code, milli, on_account};

fn cancel(till: &mut Till, sale: &SaleId, request: Option<&Request>) -> Result<(), TillError> {
    let what = (sale, CancelReason::Customer);
    cancel::cancel_sale(&mut till.node, &till.calendar, &till.now, what, request)
}

#[test]
fn a_cancellation_carries_the_sales_lines_and_tenders_and_the_sale_stays_on_record() {
    let mut till = Till::new();
    till.open_account("AC0001", "김주유", None);
    till.add(GASOLINE, milli(20_000)).unwrap();
    till.add(RICE, milli(1_000)).unwrap();
    let done = till.pay(&[cash(10_000), card(30_000), on_account(3_000, "AC0001")]).unwrap();
    cancel(&mut till, &done.sale, None).unwrap();
    let trade = till.trade();
    let [Fact::Sold(sold), Fact::SaleCancelled(cancelled)] = trade.as_slice() else { panic!("{trade:?}") };
    assert_eq!(cancelled.lines, sold.lines);
    assert_eq!(cancelled.tenders, sold.tenders);
    assert_eq!((&cancelled.sale, cancelled.total), (&sold.sale, sold.total));
    let row = recent::sale(till.node.store().connection(), &done.sale).unwrap();
    assert!(row.cancelled_at_ms.is_some());
    assert_eq!(till.count("SELECT balance FROM accounts WHERE account_id = 'AC0001'"), 0);
}

#[test]
fn a_sale_is_cancelled_once() {
    let mut till = Till::new();
    let sale = till.sell(WATER, 1_000);
    cancel(&mut till, &sale, None).unwrap();
    let mut till = till.reopened();
    assert_eq!(code(cancel(&mut till, &sale, None)), "already_cancelled");
    assert_eq!(till.trade().len(), 2);
}

#[test]
fn a_repeated_cancellation_under_its_key_is_answered_and_records_nothing() {
    let mut till = Till::new();
    let sale = till.sell(WATER, 1_000);
    let request = Request::new("k", format!("cancel {sale}")).unwrap();
    cancel(&mut till, &sale, Some(&request)).unwrap();
    cancel(&mut till, &sale, Some(&request)).unwrap();
    assert_eq!(till.trade().len(), 2);
}

#[test]
fn a_sale_that_this_till_never_made_is_unknown() {
    let mut till = Till::new();
    let sale = SaleId::new("ST0001-02-ZZZZZ-000001").unwrap();
    assert_eq!(code(cancel(&mut till, &sale, None)), "unknown_sale");
    assert!(till.trade().is_empty());
}
