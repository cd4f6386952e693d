//! Numbers and times as people read them, and as they type them. Integers all the way.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use station_api::{QUANTITY_MILLI_MAX, Unit};

use crate::locale::Language;

/// The zone of every station of the chain.
const STATION_TIME_ZONE: &str = "Asia/Seoul";
const MILLI: u64 = 1_000;

/// `33400` -> `33,400원`.
#[must_use]
pub fn won(amount: i64) -> String {
    format!("{}원", grouped(amount))
}

/// Thousands separated, with a true minus sign, which is as wide as a digit.
#[must_use]
pub fn grouped(number: i64) -> String {
    let sign = if number < 0 { "\u{2212}" } else { "" };
    format!("{sign}{}", grouped_unsigned(number.unsigned_abs()))
}

/// Thousands separated.
#[must_use]
pub fn grouped_unsigned(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len().saturating_mul(2));
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && digits.len().saturating_sub(place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `20000` -> `20.000 L`; whole pieces -> `12개` or `12 ea`.
#[must_use]
pub fn quantity(milli: i64, unit: Unit, language: Language) -> String {
    match (unit, language) {
        (Unit::Litre, _) => format!("{} L", decimal(milli, 3)),
        (Unit::Piece, Language::Ko) => format!("{}개", decimal(milli, 0)),
        (Unit::Piece, Language::En) => format!("{} ea", decimal(milli, 0)),
    }
}

/// As [`quantity`], with a plus sign when it is more than nothing.
#[must_use]
pub fn quantity_signed(milli: i64, unit: Unit, language: Language) -> String {
    let sign = if milli > 0 { "+" } else { "" };
    format!("{sign}{}", quantity(milli, unit, language))
}

/// Thousandths with at least `decimals_min` of their three decimals.
fn decimal(milli: i64, decimals_min: usize) -> String {
    let size = milli.unsigned_abs();
    let sign = if milli < 0 { "\u{2212}" } else { "" };
    let whole = grouped_unsigned(size.checked_div(MILLI).unwrap_or(0));
    let rest = size.checked_rem(MILLI).unwrap_or(0);
    if rest == 0 && decimals_min == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest:03}") }
}

/// A quantity as it stands in a field: no separators, no unit, no needless zeros.
#[must_use]
pub fn typed(milli: i64) -> String {
    let size = milli.unsigned_abs();
    let whole = size.checked_div(MILLI).unwrap_or(0);
    match size.checked_rem(MILLI).unwrap_or(0) {
        0 => whole.to_string(),
        rest => format!("{whole}.{rest:03}"),
    }
}

/// Why a typed quantity cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuantityFault {
    /// Nothing typed yet.
    Empty,
    /// Not a decimal number.
    NotANumber,
    /// More than three decimals.
    TooFine,
    /// Part of a piece.
    NotWhole,
    /// Zero.
    Zero,
    /// More than the product takes in one go.
    TooLarge,
}

/// Reads a typed quantity in thousandths: decimal text, thousands separators and full-width digits (left by a Korean
/// input method) included.
///
/// # Errors
/// [`QuantityFault`].
pub fn read_quantity(typed: &str, unit: Unit) -> Result<i64, QuantityFault> {
    let plain: String = typed.chars().map(half_width).filter(|char| !matches!(char, ' ' | ',')).collect();
    if plain.is_empty() {
        return Err(QuantityFault::Empty);
    }
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return Err(QuantityFault::NotANumber);
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > 3 {
        return Err(QuantityFault::TooFine);
    }
    let whole = whole.trim_start_matches('0');
    if whole.len() > 10 {
        return Err(QuantityFault::TooLarge);
    }
    let milli = format!("0{whole}{fraction:0<3}").parse::<i64>().map_err(|_| QuantityFault::TooLarge)?;
    match milli {
        0 => Err(QuantityFault::Zero),
        1..=QUANTITY_MILLI_MAX if unit == Unit::Piece && !fraction.is_empty() => Err(QuantityFault::NotWhole),
        1..=QUANTITY_MILLI_MAX => Ok(milli),
        _ => Err(QuantityFault::TooLarge),
    }
}

fn half_width(char: char) -> char {
    match char {
        '\u{ff10}'..='\u{ff19}' | '\u{ff0e}' | '\u{ff0c}' => {
            u32::from(char).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(char)
        }
        '\u{3000}' => ' ',
        other => other,
    }
}

/// `2026-11-23 14:05` in the station's zone; the text as it came when it is not an instant.
#[must_use]
pub fn date_time(instant: &str) -> String {
    shown(instant, "%Y-%m-%d %H:%M")
}

/// `14:05:07` in the station's zone.
#[must_use]
pub fn time(instant: Timestamp) -> String {
    zoned(instant, "%H:%M:%S")
}

/// `14:05` in the station's zone.
#[must_use]
pub fn hour_minute(instant: &str) -> String {
    shown(instant, "%H:%M")
}

fn shown(instant: &str, pattern: &str) -> String {
    instant.parse().map_or_else(|_| instant.to_owned(), |instant| zoned(instant, pattern))
}

fn zoned(instant: Timestamp, pattern: &str) -> String {
    let zone = TimeZone::get(STATION_TIME_ZONE).unwrap_or(TimeZone::UTC);
    instant.to_zoned(zone).strftime(pattern).to_string()
}

/// How long before `now` an instant was, in the largest unit that says enough: `3분`, `3 min`.
#[must_use]
pub fn age(instant: &str, now: &str, language: Language) -> Option<String> {
    let instant: Timestamp = instant.parse().ok()?;
    let now: Timestamp = now.parse().ok()?;
    let seconds = now.as_second().saturating_sub(instant.as_second()).max(0);
    let (count, key) = match seconds {
        0..60 => (seconds, "unit.seconds"),
        60..3_600 => (seconds.checked_div(60)?, "unit.minutes"),
        3_600..172_800 => (seconds.checked_div(3_600)?, "unit.hours"),
        _ => (seconds.checked_div(86_400)?, "unit.days"),
    };
    Some(language.fill(key, &[("n", &grouped(count))]))
}

/// Seconds from `now` to an instant; negative once it has passed, none when either is no instant.
#[must_use]
pub fn seconds_until(instant: &str, now: &str) -> Option<i64> {
    let instant: Timestamp = instant.parse().ok()?;
    let now: Timestamp = now.parse().ok()?;
    Some(instant.as_second().saturating_sub(now.as_second()))
}

/// `899` -> `14:59`.
#[must_use]
pub fn minutes_and_seconds(seconds: i64) -> String {
    let minutes = seconds.checked_div(60).unwrap_or(0);
    format!("{minutes}:{:02}", seconds.checked_rem(60).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_and_litres_read_as_people_write_them() {
        assert_eq!(won(33_400), "33,400원");
        assert_eq!(won(0), "0원");
        assert_eq!(won(-1_234_567), "\u{2212}1,234,567원");
        assert_eq!(quantity(20_000, Unit::Litre, Language::Ko), "20.000 L");
        assert_eq!(quantity(12_345_678, Unit::Litre, Language::En), "12,345.678 L");
        assert_eq!(quantity(-5, Unit::Litre, Language::En), "\u{2212}0.005 L");
        assert_eq!(quantity(12_000, Unit::Piece, Language::Ko), "12개");
        assert_eq!(quantity(12_000, Unit::Piece, Language::En), "12 ea");
        assert_eq!(quantity_signed(1_500, Unit::Litre, Language::En), "+1.500 L");
        assert_eq!(won(i64::MIN), "\u{2212}9,223,372,036,854,775,808원");
    }

    #[test]
    fn a_typed_quantity_is_read_without_rounding() {
        let litres = |typed| read_quantity(typed, Unit::Litre);
        assert_eq!(litres("20"), Ok(20_000));
        assert_eq!(litres("0.001"), Ok(1));
        assert_eq!(litres("20,000.5"), Ok(20_000_500));
        assert_eq!(litres(" 12.340 "), Ok(12_340));
        assert_eq!(litres(".5"), Ok(500));
        assert_eq!(litres("5."), Ok(5_000));
        assert_eq!(litres("１２．５"), Ok(12_500));
        assert_eq!(litres("1000000000"), Ok(QUANTITY_MILLI_MAX));
        assert_eq!(read_quantity("12.000", Unit::Piece), Ok(12_000));
    }

    #[test]
    fn a_typed_quantity_that_cannot_be_used_says_why() {
        let litres = |typed| read_quantity(typed, Unit::Litre);
        assert_eq!(litres(""), Err(QuantityFault::Empty));
        assert_eq!(litres("0"), Err(QuantityFault::Zero));
        assert_eq!(litres("0.000"), Err(QuantityFault::Zero));
        assert_eq!(litres("-3"), Err(QuantityFault::NotANumber));
        assert_eq!(litres("NaN"), Err(QuantityFault::NotANumber));
        assert_eq!(litres("1e3"), Err(QuantityFault::NotANumber));
        assert_eq!(litres("."), Err(QuantityFault::NotANumber));
        assert_eq!(litres("1.2.3"), Err(QuantityFault::NotANumber));
        assert_eq!(litres("0.0001"), Err(QuantityFault::TooFine));
        assert_eq!(litres("1000000000.001"), Err(QuantityFault::TooLarge));
        assert_eq!(litres(&"9".repeat(400)), Err(QuantityFault::TooLarge));
        assert_eq!(read_quantity("1.5", Unit::Piece), Err(QuantityFault::NotWhole));
    }

    #[test]
    fn what_is_put_into_a_field_reads_back_as_the_same_quantity() {
        for milli in [1, 999, 1_000, 20_000_500, QUANTITY_MILLI_MAX] {
            assert_eq!(read_quantity(&typed(milli), Unit::Litre), Ok(milli));
        }
    }

    #[test]
    fn instants_are_shown_in_the_stations_zone() {
        assert_eq!(date_time("2026-11-23T05:05:07Z"), "2026-11-23 14:05");
        assert_eq!(hour_minute("2026-11-22T15:00:00Z"), "00:00");
        assert_eq!(date_time("not an instant"), "not an instant");
    }

    #[test]
    fn an_age_takes_the_unit_that_says_enough() {
        let age_en = |from| age(from, "2026-11-23T05:00:00Z", Language::En).unwrap();
        assert_eq!(age_en("2026-11-23T04:59:50Z"), "10 s");
        assert_eq!(age_en("2026-11-23T04:57:00Z"), "3 min");
        assert_eq!(age_en("2026-11-23T00:00:00Z"), "5 h");
        assert_eq!(age_en("2026-11-20T05:00:00Z"), "3 d");
        assert_eq!(age_en("2026-11-24T05:00:00Z"), "0 s");
        assert_eq!(age("yesterday", "2026-11-23T05:00:00Z", Language::Ko), None);
    }
}
