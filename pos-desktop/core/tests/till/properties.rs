use pos_core::cart;
use pos_core::sale::{Payment, settle};
use proptest::prelude::*;
use sync_proto::fact::{Fact, Tender};
use sync_proto::{Money, Quantity};

use crate::fixture::{GASOLINE, RICE, Till, WATER, account, cash, milli};

fn payment() -> impl Strategy<Value = Payment> {
    let amount = 1i64..200_000;
    prop_oneof![
        amount.clone().prop_map(|received| Payment::Cash { received: Money(received) }),
        amount.clone().prop_map(|amount| Payment::Card { amount: Money(amount), approval: "1".to_owned() }),
        amount.prop_map(|amount| Payment::Account { amount: Money(amount), account: account("A") }),
    ]
}

proptest! {
    #[test]
    fn tenders_of_an_accepted_settlement_add_up_to_the_total_and_change_is_cash(
        total in 0i64..500_000,
        payments in proptest::collection::vec(payment(), 0..6),
    ) {
        let Ok(settlement) = settle(Money(total), &payments) else { return Ok(()) };
        let sum: Money = settlement.tenders.iter().map(Tender::amount).sum();
        prop_assert_eq!(sum, Money(total));
        prop_assert_eq!(settlement.received.minus(settlement.change), Money(total));
        prop_assert!(settlement.change >= Money::ZERO && settlement.change <= settlement.cash_received);
        prop_assert!(settlement.tenders.iter().all(|tender| tender.amount() > Money::ZERO));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_recorded_sale_always_adds_up(
        entries in proptest::collection::vec((0usize..3, 1i64..60), 1..12),
        over in 0i64..50_000,
    ) {
        let mut till = Till::new();
        for (product, count) in entries {
            let product = [GASOLINE, WATER, RICE][product];
            // Fuel in odd millilitres, goods in whole pieces.
            let quantity = if product == GASOLINE { count * 777 } else { count * 1_000 };
            till.add(product, milli(quantity)).unwrap();
        }
        let cart = till.cart();
        let done = till.pay(&[cash(cart.total().0 + over)]).unwrap();
        prop_assert_eq!(done.change, Money(over));
        let trade = till.trade();
        let Some(Fact::Sold(sold)) = trade.first() else { panic!("{trade:?}") };
        let lines: Money = sold.lines.iter().map(|line| line.amount).sum();
        let tenders: Money = sold.tenders.iter().map(Tender::amount).sum();
        prop_assert_eq!((lines, tenders), (sold.total, sold.total));
        prop_assert_eq!(sold.vat, cart::vat_of(&sold.lines));
        prop_assert!(sold.lines.iter().all(|line| matches!(line.quantity, Quantity::Volume(v) if v.0 > 0)
            || line.quantity.milli() >= 1_000));
    }
}
