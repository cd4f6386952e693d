//! The table `orders`, a projection of the facts about orders.

use sync_proto::Fact;
use sync_proto::project::{Posting, Projection, ProjectionError};
use sync_proto::rows::{RowKey, Rows};

sync_proto::table! {
    /// An order with what the facts so far say about it.
    pub struct Order in "orders" { order_id: String } {
        station: String,
        /// The station's request that it answers, if one.
        request_id: Option<String>,
        product_id: String,
        quantity_milli: i64,
        unit: String,
        dest_addr: String,
        ordered_at_ms: i64,
        shipped_at_ms: Option<i64>,
        received_milli: Option<i64>,
        received_at_ms: Option<i64>,
        cancelled_at_ms: Option<i64>,
    }
}

/// Keeps `orders`.
#[derive(Debug, Clone, Copy, Default)]
pub struct OrderBook;

impl Projection for OrderBook {
    fn wants(&self, posting: &Posting, _rows: &Rows) -> Vec<RowKey> {
        let order = match &posting.envelope.fact {
            Fact::Ordered(ordered) => &ordered.order,
            Fact::OrderCancelled(cancelled) => &cancelled.order,
            Fact::Shipped(shipped) => &shipped.order,
            Fact::Received(received) => &received.order,
            _ => return Vec::new(),
        };
        vec![Order::key(order.as_str())]
    }

    fn project(&self, posting: &Posting, rows: &mut Rows) -> Result<(), ProjectionError> {
        let at_ms = posting.envelope.at.wall_ms;
        match &posting.envelope.fact {
            Fact::Ordered(ordered) => rows.put(Order {
                order_id: ordered.order.to_string(),
                station: ordered.station.to_string(),
                request_id: ordered.request.as_ref().map(ToString::to_string),
                product_id: ordered.product.to_string(),
                quantity_milli: ordered.quantity.milli(),
                unit: ordered.quantity.unit().as_str().to_owned(),
                dest_addr: ordered.dest_addr.clone(),
                ordered_at_ms: at_ms,
                shipped_at_ms: None,
                received_milli: None,
                received_at_ms: None,
                cancelled_at_ms: None,
            }),
            Fact::OrderCancelled(cancelled) => {
                if let Some(mut row) = rows.get::<Order>(&Order::key(cancelled.order.as_str()))? {
                    row.cancelled_at_ms = row.cancelled_at_ms.or(Some(at_ms));
                    rows.put(row);
                }
            }
            Fact::Shipped(shipped) => {
                if let Some(mut row) = rows.get::<Order>(&Order::key(shipped.order.as_str()))? {
                    row.shipped_at_ms = Some(at_ms);
                    rows.put(row);
                }
            }
            // An order that is not known here was taken before a restore; its receipt still moves stock.
            Fact::Received(received) => {
                if let Some(mut row) = rows.get::<Order>(&Order::key(received.order.as_str()))? {
                    if row.station != posting.origin.station.as_str() {
                        let why =
                            format!("order {} is not of station {}", received.order, posting.origin.station);
                        return Err(ProjectionError::Rejected(why));
                    }
                    row.received_milli = Some(received.measured.milli());
                    row.received_at_ms = Some(at_ms);
                    rows.put(row);
                }
            }
            _ => {}
        }
        Ok(())
    }
}
