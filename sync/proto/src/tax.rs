//! Value added tax, as a Korean receipt shows it.

use serde::{Deserialize, Serialize};

use crate::quantity::Money;

/// How a product is taxed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TaxClass {
    /// 과세: the price includes 10 % VAT.
    Taxed,
    /// 면세 goods.
    Exempt,
    /// 면세유, fuel sold free of tax against a card of entitlement.
    TaxFree,
}

impl TaxClass {
    /// The name used in rows and over HTTP.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Taxed => "taxed",
            Self::Exempt => "exempt",
            Self::TaxFree => "taxFree",
        }
    }

    /// Reads the name back.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "taxed" => Some(Self::Taxed),
            "exempt" => Some(Self::Exempt),
            "taxFree" => Some(Self::TaxFree),
            _ => None,
        }
    }
}

/// VAT contained in the total of one tax class of a receipt: total - round(total x 10 / 11), half up.
pub fn vat_within(class: TaxClass, total: Money) -> Money {
    match class {
        TaxClass::Exempt | TaxClass::TaxFree => Money::ZERO,
        TaxClass::Taxed => {
            // Rounding: half up, on twice the value so that the half is exact.
            let net = (i128::from(total.0) * 20 + 11).div_euclid(22);
            Money(total.0.saturating_sub(i64::try_from(net).unwrap_or(total.0)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vat_is_the_total_less_ten_elevenths() {
        assert_eq!(vat_within(TaxClass::Taxed, Money(11_000)), Money(1_000));
        assert_eq!(vat_within(TaxClass::Taxed, Money(33_400)), Money(3_036)); // net 30,363.6 -> 30,364
        assert_eq!(vat_within(TaxClass::Exempt, Money(11_000)), Money::ZERO);
    }
}
