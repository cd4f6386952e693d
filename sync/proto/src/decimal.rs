//! Decimal text to thousandths and back, with no float in between.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::quantity::WHOLE_UNITS_MAX;

/// Why a number was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// Not digits with an optional sign and an optional point (`NaN`, `1e9`, `0x10`, empty ...).
    #[error("this is not a plain decimal number")]
    NotANumber,
    /// A fourth decimal that is not zero.
    #[error("at most three decimals are kept")]
    TooPrecise,
    /// Beyond 10^9 either way.
    #[error("numbers above 1,000,000,000 are refused")]
    TooLarge,
}

/// Reads `-12.345` as -12,345 thousandths.
pub fn parse_milli(text: &str) -> Result<i64, DecimalError> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    if (whole.is_empty() && part.is_empty()) || !whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit())
    {
        return Err(DecimalError::NotANumber);
    }
    let (kept, dropped) = part.split_at_checked(3).unwrap_or((part, ""));
    if dropped.bytes().any(|b| b != b'0') {
        return Err(DecimalError::TooPrecise);
    }
    // Long runs of zeros are legal; ten significant digits are all that 10^9 needs.
    let whole = whole.trim_start_matches('0');
    if whole.len() > 10 {
        return Err(DecimalError::TooLarge);
    }
    let whole: i64 =
        if whole.is_empty() { 0 } else { whole.parse().map_err(|_| DecimalError::NotANumber)? };
    let thousandths: i64 = format!("{kept:0<3}").parse().map_err(|_| DecimalError::NotANumber)?;
    let milli = whole.saturating_mul(1000).saturating_add(thousandths);
    if milli > WHOLE_UNITS_MAX * 1000 {
        return Err(DecimalError::TooLarge);
    }
    Ok(if negative { -milli } else { milli })
}

/// Writes thousandths with as many decimals as they need, `20`, `1.5`, `-0.001`.
pub fn format_milli(milli: i64) -> String {
    let sign = if milli < 0 { "-" } else { "" };
    let size = milli.unsigned_abs();
    let (whole, part) = (size / 1000, size % 1000);
    if part == 0 {
        return format!("{sign}{whole}");
    }
    let part = format!("{part:03}");
    format!("{sign}{whole}.{}", part.trim_end_matches('0'))
}

/// Thousandths that are a plain JSON number outside (`20.5`), as the integrations of domain.md write them.
///
/// Reads a JSON number or a string with one; only works with serde_json.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Milli(pub i64);

impl Serialize for Milli {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw = RawValue::from_string(format_milli(self.0)).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Milli {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get().trim().trim_matches('"');
        parse_milli(text).map(Self).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_become_thousandths_exactly() {
        for (text, milli) in
            [("20", 20_000), ("0.001", 1), ("-1.5", -1_500), (".5", 500), ("20.0000", 20_000), ("+3", 3_000)]
        {
            assert_eq!(parse_milli(text), Ok(milli), "{text}");
        }
        assert_eq!(format_milli(20_500), "20.5");
        assert_eq!(format_milli(-1), "-0.001");
    }

    #[test]
    fn what_is_not_a_plain_number_is_refused() {
        for text in ["", "-", "NaN", "Infinity", "1e9", "1,000", "0x10", "1.2.3", ".", "٣"] {
            assert_eq!(parse_milli(text), Err(DecimalError::NotANumber), "{text}");
        }
        assert_eq!(parse_milli("1.0001"), Err(DecimalError::TooPrecise));
        assert_eq!(parse_milli("1000000000.001"), Err(DecimalError::TooLarge));
        assert_eq!(parse_milli(&"9".repeat(400)), Err(DecimalError::TooLarge));
    }

    #[test]
    fn a_json_number_goes_in_and_out_without_a_float() {
        #[derive(Serialize, Deserialize)]
        struct Q {
            qty: Milli,
        }
        let q: Q = serde_json::from_str(r#"{"qty":30.229}"#).unwrap();
        assert_eq!(q.qty, Milli(30_229));
        assert_eq!(serde_json::to_string(&q).unwrap(), r#"{"qty":30.229}"#);
    }
}
