//! `place_order`: head office's staff or an integration orders for a station.

use sync::Draft;
use sync_proto::catalogue::Product;
use sync_proto::fact::{Fact, FeedScope, Ordered};
use sync_proto::{OrderId, ProductId, Quantity, Stamp, StationCode, Unit};

use crate::counter::mint;
use crate::once::Once;
use crate::refusal::Refusal;
use crate::role::{Role, check_running};
use crate::store::Hq;

/// An order to place.
#[derive(Debug, Clone)]
pub struct PlaceOrder {
    /// For whom.
    pub station: StationCode,
    /// What.
    pub product: ProductId,
    /// How much, in thousandths of the product's unit; checked here against the product.
    pub quantity_milli: i64,
    /// The destination as the orderer wrote it.
    pub dest_addr: String,
}

/// Takes the order: `Ordered` goes into the journal and the station's feed.
pub fn place_order(node: &mut Hq, now: Stamp, ask: PlaceOrder, once: &Once) -> Result<String, Refusal> {
    if let Some(order_id) = once.answered(node)? {
        return Ok(order_id);
    }
    check_running(node, Role::Order)?;
    let product = node
        .get::<Product>(&Product::key(ask.product.as_str()))?
        .ok_or_else(|| Refusal::UnknownProduct(ask.product.to_string()))?;
    let quantity = quantity_of(&product, ask.quantity_milli)?;
    let minted = mint(node, "OR")?;
    let order = OrderId::new(minted.id.as_str()).map_err(|why| Refusal::BadRequest(why.to_string()))?;
    let mut beside = once.beside(node, &minted.id, now.wall_ms)?;
    beside.rows.push(minted.row);
    let scope = FeedScope::Station(ask.station.clone());
    let fact = Fact::Ordered(Ordered {
        order,
        request: None,
        station: ask.station,
        product: ask.product,
        quantity,
        dest_addr: ask.dest_addr,
    });
    node.record(now, None, &[Draft::published(fact, scope, format!("order/{}", minted.id))], beside)?;
    Ok(minted.id)
}

/// A quantity in the product's own unit, greater than zero.
pub(super) fn quantity_of(product: &Product, milli: i64) -> Result<Quantity, Refusal> {
    let unit = Unit::parse(&product.unit).unwrap_or(Unit::Litre);
    Quantity::positive_from_milli(unit, milli).map_err(|why| Refusal::BadQuantity(why.to_string()))
}
