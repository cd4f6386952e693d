//! The station's copy of the catalogue.

use serde::{Deserialize, Serialize};

use crate::unit::{Kind, Unit};

/// One product with its price now and its next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// The chain's product code.
    pub product_id: String,
    /// Korean name.
    pub name_ko: String,
    /// English name.
    pub name_en: String,
    /// Fuel or goods.
    pub kind: Kind,
    /// What the price is for one of.
    pub unit: Unit,
    /// Won for one unit now, VAT included.
    pub price: i64,
    /// Won for one unit from `next_price_at` on; none when no change is scheduled.
    pub next_price: Option<i64>,
    /// When `next_price` begins.
    pub next_price_at: Option<String>,
}
