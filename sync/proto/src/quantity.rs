//! Money, litres and pieces: integers only, one rounding, in one place.

use serde::{Deserialize, Serialize};

/// Largest magnitude accepted from outside: "numbers above 10^9 are refused" (domain.md). In whole units.
pub const WHOLE_UNITS_MAX: i64 = 1_000_000_000;

/// Money in minor units of the chain's currency. KRW has no minor digit, so this is won.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(pub i64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Sum that stops at the ends of the range instead of wrapping.
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Difference that stops at the ends of the range instead of wrapping.
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl std::iter::Sum for Money {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::ZERO, Self::plus)
    }
}

/// Volume in millilitres, as observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Volume(pub i64);

/// A whole number of pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pieces(pub i64);

/// How a product is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Unit {
    /// Litres, kept as millilitres.
    #[serde(rename = "L")]
    Litre,
    /// Pieces.
    #[serde(rename = "ea")]
    Piece,
}

impl Unit {
    /// The short form used on screens and in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Litre => "L",
            Self::Piece => "ea",
        }
    }

    /// Reads the short form back.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "L" => Some(Self::Litre),
            "ea" => Some(Self::Piece),
            _ => None,
        }
    }
}

/// An amount of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Quantity {
    /// Fuel and other liquids.
    #[serde(rename = "ml")]
    Volume(Volume),
    /// Goods.
    #[serde(rename = "pc")]
    Pieces(Pieces),
}

/// Why a quantity was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Zero or less where something must move.
    #[error("the quantity must be greater than zero")]
    NotPositive,
    /// More than [`WHOLE_UNITS_MAX`].
    #[error("the quantity must not be greater than 1,000,000,000")]
    TooLarge,
    /// Part of a piece.
    #[error("goods are counted in whole pieces")]
    NotWhole,
}

impl Quantity {
    /// From thousandths of the unit, any sign; refuses parts of a piece and absurd sizes.
    pub const fn from_milli(unit: Unit, milli: i64) -> Result<Self, QuantityError> {
        if milli > WHOLE_UNITS_MAX * 1000 || milli < -(WHOLE_UNITS_MAX * 1000) {
            return Err(QuantityError::TooLarge);
        }
        match unit {
            Unit::Litre => Ok(Self::Volume(Volume(milli))),
            Unit::Piece if milli % 1000 != 0 => Err(QuantityError::NotWhole),
            Unit::Piece => Ok(Self::Pieces(Pieces(milli / 1000))),
        }
    }

    /// As [`Self::from_milli`], and greater than zero.
    pub fn positive_from_milli(unit: Unit, milli: i64) -> Result<Self, QuantityError> {
        if milli <= 0 { Err(QuantityError::NotPositive) } else { Self::from_milli(unit, milli) }
    }

    /// In thousandths of the unit: millilitres, or thousandths of a piece.
    pub const fn milli(self) -> i64 {
        match self {
            Self::Volume(volume) => volume.0,
            Self::Pieces(pieces) => pieces.0.saturating_mul(1000),
        }
    }

    /// The unit it is counted in.
    pub const fn unit(self) -> Unit {
        match self {
            Self::Volume(_) => Unit::Litre,
            Self::Pieces(_) => Unit::Piece,
        }
    }
}

/// A line's amount: unit price x quantity, rounded half up to the won. The one place it is computed.
///
/// `unit_price` is per litre or per piece; both must not be negative (checked by the caller's types).
pub fn line_amount(unit_price: Money, quantity: Quantity) -> Money {
    let product = i128::from(unit_price.0) * i128::from(quantity.milli());
    // Rounding: half up; negative products do not occur in sales, and round the same way for safety.
    let rounded = (product + 500).div_euclid(1000);
    Money(i64::try_from(rounded).unwrap_or(i64::MAX))
}

/// The volume that a preset amount buys: floor at the millilitre, never more than was paid for.
pub fn volume_for_amount(unit_price: Money, amount: Money) -> Option<Volume> {
    if unit_price.0 <= 0 || amount.0 <= 0 {
        return None;
    }
    // Rounding: down.
    let milli = i128::from(amount.0) * 1000 / i128::from(unit_price.0);
    i64::try_from(milli).ok().filter(|ml| *ml > 0).map(Volume)
}

/// Whether an amount that a pump reported fits its volume to within one volume step (domain.md, Quantities).
pub fn amount_fits(unit_price: Money, volume: Volume, amount: Money) -> bool {
    let exact_milli = i128::from(unit_price.0) * i128::from(volume.0);
    let given_milli = i128::from(amount.0) * 1000;
    // One step is a millilitre of a preset's floor plus the half won of rounding.
    (exact_milli - given_milli).abs() <= i128::from(unit_price.0) + 500
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_rounds_half_up_to_the_won() {
        let ml = |n| Quantity::Volume(Volume(n));
        assert_eq!(line_amount(Money(1670), ml(20_000)), Money(33_400));
        assert_eq!(line_amount(Money(1655), ml(1_300)), Money(2_152)); // 2151.5
        assert_eq!(line_amount(Money(1), ml(499)), Money(0));
        assert_eq!(line_amount(Money(3000), Quantity::Pieces(Pieces(3))), Money(9000));
    }

    #[test]
    fn a_preset_buys_no_more_than_was_paid_for() {
        let volume = volume_for_amount(Money(1654), Money(50_000)).unwrap();
        assert_eq!(volume, Volume(30_229));
        assert!(amount_fits(Money(1654), volume, Money(50_000)));
        assert!(!amount_fits(Money(1654), volume, Money(50_010)));
        assert_eq!(volume_for_amount(Money(0), Money(50_000)), None);
    }

    #[test]
    fn parts_of_a_piece_and_absurd_sizes_are_refused() {
        assert_eq!(Quantity::from_milli(Unit::Piece, 1_500), Err(QuantityError::NotWhole));
        assert_eq!(Quantity::from_milli(Unit::Litre, 2_000_000_000_000), Err(QuantityError::TooLarge));
        assert_eq!(Quantity::positive_from_milli(Unit::Litre, 0), Err(QuantityError::NotPositive));
    }
}
