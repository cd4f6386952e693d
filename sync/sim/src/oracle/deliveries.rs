//! What a manager sees on the agent's screen.

use sync::store::memory::MemoryStore;
use sync_proto::rows::Value;

/// A delivery that a manager could confirm, read from the agent's rows.
pub fn first_expected_delivery(disk: &MemoryStore) -> Option<Expected> {
    disk.table("deliveries").find_map(|(key, cells)| {
        let text = |value: Option<&Value>| match value {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let (Some(Value::Int(quantity_milli)), Some(Value::Null)) = (cells.get(2), cells.get(6)) else {
            return None;
        };
        Some(Expected {
            order_id: text(key.key.get(1))?,
            ship_id: text(cells.first())?,
            product_id: text(cells.get(1))?,
            quantity_milli: *quantity_milli,
        })
    })
}

/// See [`first_expected_delivery`].
#[derive(Debug, Clone)]
pub struct Expected {
    /// The order.
    pub order_id: String,
    /// The shipment.
    pub ship_id: String,
    /// The product.
    pub product_id: String,
    /// What was shipped.
    pub quantity_milli: i64,
}
