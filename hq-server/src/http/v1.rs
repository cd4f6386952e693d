//! The console's API.

mod orders;
mod products;
mod quarantine;
mod roles;
mod stations;

pub(super) use orders::{cancel_order, dispatch_shipment, orders, place_order, shipments};
pub(super) use products::{
    acknowledgements, add_product, change_product, products, retire_product, schedule_price,
};
pub(super) use quarantine::{quarantine, quarantined, replay, replay_all, settle};
pub(super) use roles::{logistics_settings, roles, set_logistics_settings, start_role, stop_role, summary};
pub(super) use stations::{behind, devices, import_journal, open_code, revoke_device, stations};
