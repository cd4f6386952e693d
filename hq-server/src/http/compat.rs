//! Paths that existing integrations call: parameters as form, query or JSON; `true` or the list as the answer.

mod orders;
mod products;

pub(super) use orders::{configured_station, order_statuses, orders, place_order, shipments};
pub(super) use products::{add_product, change_named_product, change_product, products, sync_product};
