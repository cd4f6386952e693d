//! Products and prices 상품원장.

use serde::{Deserialize, Serialize};

use super::FeedScope;
use crate::ids::{ProductId, StationCode};
use crate::quantity::{Money, Unit};
use crate::tax::TaxClass;

/// Fuel is sold by volume through a nozzle, goods over the counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProductKind {
    /// 유류.
    Fuel,
    /// 상품.
    Goods,
}

impl ProductKind {
    /// The name used in rows and over HTTP.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fuel => "fuel",
            Self::Goods => "goods",
        }
    }

    /// Reads the name back.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "fuel" => Some(Self::Fuel),
            "goods" => Some(Self::Goods),
            _ => None,
        }
    }
}

/// A product as it is from now on, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductChanged {
    /// The chain's code.
    pub product: ProductId,
    /// Korean name.
    pub name_ko: String,
    /// English name.
    pub name_en: String,
    /// Fuel or goods.
    pub kind: ProductKind,
    /// How it is counted.
    pub unit: Unit,
    /// How it is taxed.
    pub tax: TaxClass,
    /// EAN-13, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barcode: Option<String>,
}

/// What was published under a key of a feed holds no more: a product was retired, a name erased. The feed keeps a
/// tombstone for as long as a device may be away and still catch up in small steps (R26).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawn {
    /// Which feed.
    pub scope: FeedScope,
    /// The key it was published under.
    pub key: String,
}

/// Where a price holds; the most specific scope wins (R19).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PriceScope {
    /// Everywhere.
    Chain,
    /// At one station.
    Station(StationCode),
}

/// A price that holds from `effective_at_ms` on, applied offline when its time comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceScheduled {
    /// Which product.
    pub product: ProductId,
    /// Where.
    pub scope: PriceScope,
    /// Per litre or piece, VAT included.
    pub price: Money,
    /// From when, milliseconds since 1970 UTC.
    pub effective_at_ms: i64,
}
