//! Time at the station: the business day, the hour of a sale, moments as text.

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Zoned};
use sync_proto::{BusinessDay, Stamp};

/// Why a calendar could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// Not an IANA time zone.
    #[error("{0:?} is not a known time zone; write an IANA name such as Asia/Seoul")]
    Zone(String),
    /// Not `HH:MM`.
    #[error("{0:?} is not a time of day; write HH:MM")]
    DayStart(String),
}

/// When something is done at the station, and on which business day.
#[derive(Debug, Clone)]
pub struct Moment {
    /// For the journal.
    pub stamp: Stamp,
    /// The business day; absent for a clock outside the calendar.
    pub day: Option<BusinessDay>,
}

/// The station's zone and the hour at which its business day begins.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: TimeZone,
    day_start: SignedDuration,
}

impl Calendar {
    /// From an IANA zone and `HH:MM`.
    ///
    /// # Errors
    /// Either does not read.
    pub fn new(time_zone: &str, day_start: &str) -> Result<Self, CalendarError> {
        let zone = TimeZone::get(time_zone).map_err(|_| CalendarError::Zone(time_zone.to_owned()))?;
        let time =
            Time::strptime("%H:%M", day_start).map_err(|_| CalendarError::DayStart(day_start.to_owned()))?;
        Ok(Self { zone, day_start: time.duration_since(Time::midnight()) })
    }

    /// `stamp` with its business day.
    #[must_use]
    pub fn moment(&self, stamp: Stamp) -> Moment {
        Moment { stamp, day: self.business_day(stamp.corrected_ms()) }
    }

    /// Business day 영업일 of a moment: the date that the station's wall clock shows less the day's starting
    /// hour. Counted on the wall clock, not on elapsed hours, so that a day of 23 or 25 hours still begins at
    /// the hour on the sign. `None` for a clock outside the years 0 to 9999.
    #[must_use]
    pub fn business_day(&self, at_ms: i64) -> Option<BusinessDay> {
        let date = self.zoned(at_ms)?.datetime().checked_sub(self.day_start).ok()?.date();
        BusinessDay::new(date.to_string()).ok()
    }

    /// Hour of the station's wall clock, 0 to 23.
    #[must_use]
    pub fn hour(&self, at_ms: i64) -> Option<u8> {
        u8::try_from(self.zoned(at_ms)?.hour()).ok()
    }

    fn zoned(&self, at_ms: i64) -> Option<Zoned> {
        Some(Timestamp::from_millisecond(at_ms).ok()?.to_zoned(self.zone.clone()))
    }
}

/// `2026-11-23T05:05:00.123Z`. A clock beyond what a calendar can say shows as 1970.
#[must_use]
pub fn rfc3339(at_ms: i64) -> String {
    Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(zone: &str, day_start: &str, at: &str) -> String {
        let at_ms = at.parse::<Timestamp>().unwrap().as_millisecond();
        Calendar::new(zone, day_start).unwrap().business_day(at_ms).unwrap().to_string()
    }

    #[test]
    fn the_business_day_turns_at_the_stations_midnight_and_not_at_utc() {
        assert_eq!(day("Asia/Seoul", "00:00", "2026-11-23T14:59:59.999Z"), "2026-11-23");
        assert_eq!(day("Asia/Seoul", "00:00", "2026-11-23T15:00:00Z"), "2026-11-24");
    }

    #[test]
    fn a_day_that_starts_at_six_keeps_the_night_in_the_day_before() {
        assert_eq!(day("Asia/Seoul", "06:00", "2026-11-23T20:59:59Z"), "2026-11-23");
        assert_eq!(day("Asia/Seoul", "06:00", "2026-11-23T21:00:00Z"), "2026-11-24");
        assert_eq!(day("Asia/Seoul", "06:00", "2026-12-31T20:00:00Z"), "2026-12-31");
    }

    #[test]
    fn when_clocks_go_forward_the_day_still_begins_at_its_hour() {
        // New York, 8 March 2026: 02:00 EST becomes 03:00 EDT at 07:00 UTC.
        assert_eq!(day("America/New_York", "03:00", "2026-03-08T06:59:59Z"), "2026-03-07");
        assert_eq!(day("America/New_York", "03:00", "2026-03-08T07:00:00Z"), "2026-03-08");
        assert_eq!(day("America/New_York", "03:00", "2026-03-09T06:59:59Z"), "2026-03-08");
    }

    #[test]
    fn when_clocks_go_back_the_repeated_hour_stays_in_its_day() {
        // Berlin, 25 October 2026: 03:00 CEST becomes 02:00 CET at 01:00 UTC.
        for at in ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"] {
            assert_eq!(day("Europe/Berlin", "03:00", at), "2026-10-24", "{at}");
        }
        assert_eq!(day("Europe/Berlin", "03:00", "2026-10-25T02:00:00Z"), "2026-10-25");
    }

    #[test]
    fn an_absurd_clock_gives_no_day_and_no_panic() {
        let calendar = Calendar::new("Asia/Seoul", "00:00").unwrap();
        assert_eq!(calendar.business_day(i64::MAX), None);
        assert_eq!(calendar.business_day(i64::MIN), None);
        assert_eq!(rfc3339(i64::MAX), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn an_unknown_zone_or_hour_is_refused() {
        assert!(matches!(Calendar::new("Asia/Atlantis", "00:00"), Err(CalendarError::Zone(_))));
        assert!(matches!(Calendar::new("Asia/Seoul", "25:00"), Err(CalendarError::DayStart(_))));
    }
}
