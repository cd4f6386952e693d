//! What a product is and how it is measured.

use serde::{Deserialize, Serialize};

/// The largest quantity any request may carry, in thousandths: 10^9 litres or pieces. Integrations are refused above it.
pub const QUANTITY_MILLI_MAX: i64 = 1_000_000_000_000;

/// Whether a product comes out of a nozzle or off a shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Sold by volume through a pump.
    Fuel,
    /// Sold by the piece in the shop.
    Goods,
}

/// The unit that a `*_milli` quantity counts thousandths of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Unit {
    /// Litre; one thousandth is a millilitre.
    #[serde(rename = "L")]
    Litre,
    /// Piece; only whole pieces are sold, so the quantity is a multiple of 1,000.
    #[serde(rename = "ea")]
    Piece,
}

impl Unit {
    /// The unit as the wire and the screens write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Litre => "L",
            Self::Piece => "ea",
        }
    }
}
