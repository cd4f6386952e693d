//! What the agent last said, and since when it has been silent.

use std::sync::Arc;

use jiff::Timestamp;
use station_api::{Client, ClientError, Delivery, Device, Overview, Product, QuarantineRow, StationOrder};

use crate::fault::Trouble;

/// The last good answer, kept when the agent falls silent.
#[derive(Debug, Clone, Default)]
pub struct Station {
    pub overview: Option<Overview>,
    pub deliveries: Vec<Delivery>,
    pub orders: Vec<StationOrder>,
    pub devices: Vec<Device>,
    pub quarantine: Vec<QuarantineRow>,
    pub products: Vec<Product>,
    /// When the agent last answered, by this machine's clock.
    pub heard_at: Option<Timestamp>,
    /// Why the newest question has no answer; none when it has.
    pub trouble: Option<Trouble>,
}

/// One whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub overview: Overview,
    pub deliveries: Vec<Delivery>,
    pub orders: Vec<StationOrder>,
    pub devices: Vec<Device>,
    pub quarantine: Vec<QuarantineRow>,
    /// Only when asked for: the catalogue is long and changes seldom.
    pub products: Option<Vec<Product>>,
}

impl Station {
    /// Takes in what a question brought.
    pub fn hear(&mut self, at: Timestamp, result: Result<Answer, Arc<ClientError>>) {
        match result {
            Ok(answer) => {
                self.overview = Some(answer.overview);
                self.deliveries = answer.deliveries;
                self.orders = answer.orders;
                self.devices = answer.devices;
                self.quarantine = answer.quarantine;
                if let Some(products) = answer.products {
                    self.products = products;
                }
                self.heard_at = Some(at);
                self.trouble = None;
            }
            Err(error) => self.trouble = Some(Trouble::of(&error)),
        }
    }

    /// Since when what is shown may be wrong; none while the agent answers.
    #[must_use]
    pub fn stale_since(&self) -> Option<Timestamp> {
        self.trouble.as_ref().and(self.heard_at)
    }

    /// Shows a confirmed delivery at once, before the next answer brings it.
    pub fn put_delivery(&mut self, delivery: Delivery) {
        match self.deliveries.iter_mut().find(|known| known.ship_id == delivery.ship_id) {
            Some(known) => *known = delivery,
            None => self.deliveries.insert(0, delivery),
        }
    }

    /// Shows a revoked device at once.
    pub fn put_device(&mut self, device: Device) {
        match self.devices.iter_mut().find(|known| known.device_id == device.device_id) {
            Some(known) => *known = device,
            None => self.devices.insert(0, device),
        }
    }

    /// Shows a new order at once.
    pub fn put_order(&mut self, order: StationOrder) {
        match self.orders.iter_mut().find(|known| known.request_id == order.request_id) {
            Some(known) => *known = order,
            None => self.orders.insert(0, order),
        }
    }
}

/// Asks everything at once; one missing part makes the whole answer missing, so that a screen never mixes ages.
///
/// # Errors
/// The first [`ClientError`].
pub async fn ask(client: Client, with_products: bool) -> Result<Answer, ClientError> {
    let products = async { if with_products { client.products().await.map(Some) } else { Ok(None) } };
    let (overview, deliveries, orders, devices, quarantine, products) = tokio::try_join!(
        client.overview(),
        client.deliveries(),
        client.orders(),
        client.devices(),
        client.quarantine(),
        products
    )?;
    Ok(Answer { overview, deliveries, orders, devices, quarantine, products })
}
