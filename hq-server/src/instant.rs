//! Times at the edge: milliseconds inside, RFC 3339 in UTC outside.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// `2026-11-23T06:00:00.250Z`.
pub fn text(at_ms: i64) -> String {
    Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// Milliseconds of an RFC 3339 time; `None` when it is not one.
pub fn parse(text: &str) -> Option<i64> {
    text.trim().parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

/// The date at a place, `2026-11-23`.
pub fn date(at_ms: i64, zone: &TimeZone) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_zoned(zone.clone()).date().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_goes_out_and_comes_back_to_the_millisecond() {
        assert_eq!(text(1_795_500_000_250), "2026-11-24T06:00:00.25Z");
        assert_eq!(parse("2026-11-24T15:00:00.25+09:00"), Some(1_795_500_000_250));
        assert_eq!(parse("yesterday"), None);
    }

    #[test]
    fn the_day_in_seoul_begins_nine_hours_before_utc() {
        let seoul = TimeZone::get("Asia/Seoul").unwrap();
        assert_eq!(date(1_795_500_000_000, &seoul), "2026-11-24");
        assert_eq!(date(1_795_532_400_000, &seoul), "2026-11-25");
    }
}
