//! What people do in the simulated world.

use serde_json::Value as Json;
use sync::Draft;
use sync_proto::catalogue::{price_feed_key, product_feed_key};
use sync_proto::envelope::SCHEMA_VERSION;
use sync_proto::fact::{
    CancelReason, FeedScope, Line, PriceScheduled, PriceScope, ProductChanged, ProductKind, Received,
    SaleCancelled, Shipped, Sold, StockMoveReason, StockMoved, Tender,
};
use sync_proto::quantity::line_amount;
use sync_proto::tax::{TaxClass, vat_within};
use sync_proto::{
    BusinessDay, Envelope, Fact, FeedVersion, Money, OrderId, Pieces, ProductId, Quantity, SaleId, ShipId,
    Stamp, StationCode, Unit, Volume,
};

use crate::rng::Rng;

/// Products of the simulated chain: two fuels and one good.
pub const PRODUCTS: [(&str, Unit); 3] =
    [("CD1001", Unit::Litre), ("CD1002", Unit::Litre), ("CD2001", Unit::Piece)];

/// The one business day of a run.
pub fn day() -> Option<BusinessDay> {
    BusinessDay::new("2026-11-23").ok()
}

/// A sale of one to three lines at prices of the day, paid in cash, or by card in two parts.
pub fn sale(id: SaleId, rng: &mut Rng) -> Option<Sold> {
    let count = 1 + rng.below(3);
    let mut lines = Vec::new();
    for _ in 0..count {
        let (product, unit) = *PRODUCTS.get(usize::try_from(rng.below(3)).ok()?)?;
        let quantity = match unit {
            Unit::Litre => Quantity::Volume(Volume(rng.between(1, 80_000))),
            Unit::Piece => Quantity::Pieces(Pieces(rng.between(1, 5))),
        };
        let unit_price = Money(rng.between(500, 2_500));
        lines.push(Line {
            product: ProductId::new(product).ok()?,
            quantity,
            unit_price,
            amount: line_amount(unit_price, quantity),
            tax: TaxClass::Taxed,
            price_version: FeedVersion(1),
        });
    }
    let total: Money = lines.iter().map(|line| line.amount).sum();
    let tenders = if rng.permille(600) {
        vec![Tender::Cash { amount: total }]
    } else {
        let part = Money(total.0 / 2);
        vec![
            Tender::Cash { amount: part },
            Tender::Card { amount: total.minus(part), approval: format!("{:08}", rng.below(100_000_000)) },
        ]
    };
    Some(Sold { sale: id, lines, tenders, total, vat: vat_within(TaxClass::Taxed, total) })
}

/// Kind of [`newer`] that older versions project: the fact that they know, with fields that they do not.
pub const KNOWN: u64 = 0;

/// A sale as a newer version of the program writes it: with fields, of a type, or of a schema version that nobody
/// knows yet.
pub fn newer(sold: &Sold, at: Stamp, day: &BusinessDay, kind: u64) -> Option<Vec<u8>> {
    let envelope = Envelope::new(at, Some(day.clone()), Fact::Sold(sold.clone()));
    let mut json: Json = serde_json::from_slice(&envelope.encode().ok()?).ok()?;
    json.get_mut("d")?.as_object_mut()?.insert("loyalty".to_owned(), Json::from("K-7"));
    let object = json.as_object_mut()?;
    object.insert("lane".to_owned(), Json::from(3));
    match kind {
        KNOWN => {}
        1 => {
            object.insert("t".to_owned(), Json::from("SoldByAttendant"));
        }
        _ => {
            object.insert("v".to_owned(), Json::from(SCHEMA_VERSION + 1));
        }
    }
    serde_json::to_vec(&json).ok()
}

/// Takes a sale back.
pub fn cancellation(sold: &Sold) -> SaleCancelled {
    SaleCancelled {
        sale: sold.sale.clone(),
        reason: CancelReason::Mistake,
        lines: sold.lines.clone(),
        tenders: sold.tenders.clone(),
        total: sold.total,
    }
}

/// A signed movement of stock.
pub fn movement(rng: &mut Rng) -> Option<Draft> {
    let quantity = Quantity::Volume(Volume(rng.between(-5_000, 900_000)));
    let moved =
        StockMoved { product: ProductId::new("CD1001").ok()?, quantity, reason: StockMoveReason::Stocktake };
    Some(Draft::new(Fact::StockMoved(moved)))
}

/// A tanker for a station, published to it.
pub fn shipment(station: &StationCode, number: u64, rng: &mut Rng) -> Option<(Fact, FeedScope, String)> {
    let order = OrderId::new(format!("OR-{number}")).ok()?;
    let key = format!("shipped/{order}");
    let shipped = Shipped {
        ship: ShipId::new(format!("SH-{number}")).ok()?,
        order,
        station: station.clone(),
        product: ProductId::new("CD1002").ok()?,
        quantity: Quantity::Volume(Volume(rng.between(1_000, 20_000_000))),
        car_number: "12가3456".to_owned(),
        dest_addr: station.to_string(),
    };
    Some((Fact::Shipped(shipped), FeedScope::Station(station.clone()), key))
}

/// Confirms a shipment with what was measured, a little over or short.
pub fn receipt(order: &str, ship: &str, product: &str, invoiced_milli: i64, rng: &mut Rng) -> Option<Draft> {
    let invoiced = Quantity::Volume(Volume(invoiced_milli));
    let measured = Quantity::Volume(Volume(invoiced_milli.saturating_add(rng.between(-900, 900)).max(0)));
    let received = Received {
        order: OrderId::new(order).ok()?,
        ship: ShipId::new(ship).ok()?,
        product: ProductId::new(product).ok()?,
        measured,
        invoiced,
    };
    Some(Draft::new(Fact::Received(received)))
}

/// The products of the chain, published.
pub fn catalogue() -> Vec<(Fact, FeedScope, String)> {
    let product = |(id, unit): &(&str, Unit)| {
        let fact = ProductChanged {
            product: ProductId::new(*id).ok()?,
            name_ko: format!("상품 {id}"),
            name_en: format!("Product {id}"),
            kind: if *unit == Unit::Litre { ProductKind::Fuel } else { ProductKind::Goods },
            unit: *unit,
            tax: TaxClass::Taxed,
            barcode: None,
        };
        let key = product_feed_key(&fact);
        Some((Fact::ProductChanged(fact), FeedScope::Chain, key))
    };
    PRODUCTS.iter().filter_map(product).collect()
}

/// A price of gasoline from `at_ms` on.
pub fn price(price: i64, at_ms: i64) -> Option<(Fact, FeedScope, String)> {
    let fact = PriceScheduled {
        product: ProductId::new("CD1001").ok()?,
        scope: PriceScope::Chain,
        price: Money(price),
        effective_at_ms: at_ms,
    };
    let key = price_feed_key(&fact);
    Some((Fact::PriceScheduled(fact), FeedScope::Chain, key))
}
