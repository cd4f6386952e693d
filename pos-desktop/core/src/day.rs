//! Time at the till: the business day, and moments as data.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use sync_proto::{BusinessDay, Stamp};

/// When something is done: the stamp that goes into the journal, and the time at which prices are read.
///
/// They differ only while the clock is in doubt: then prices stay as they last were (R19).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// For the journal.
    pub stamp: Stamp,
    /// For prices, milliseconds since 1970 UTC.
    pub price_at_ms: i64,
}

impl Moment {
    /// A moment whose clock is trusted.
    pub const fn trusted(stamp: Stamp) -> Self {
        Self { stamp, price_at_ms: stamp.corrected_ms() }
    }
}

/// Why a calendar could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CalendarError {
    /// Not an IANA time zone.
    #[error("time_zone {0:?} is not known; write an IANA name such as Asia/Seoul")]
    Zone(String),
    /// Not `HH:MM`.
    #[error("day_start {0:?} is not a time of day; write HH:MM")]
    DayStart(String),
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
        let bad = || CalendarError::DayStart(day_start.to_owned());
        let time = Time::strptime("%H:%M", day_start).map_err(|_| bad())?;
        let day_start = time.duration_since(Time::midnight());
        Ok(Self { zone, day_start })
    }

    /// Business day 영업일 of a moment: the date that the station's wall clock shows less the day's starting hour. Counted
    /// on the wall clock, as the agent does, so that a day of 23 or 25 hours still begins at the hour on the sign. `None`
    /// for a clock outside the years 0 to 9999; the fact is then recorded without a day.
    pub fn business_day(&self, at_ms: i64) -> Option<BusinessDay> {
        let shown = timestamp(at_ms).to_zoned(self.zone.clone()).datetime();
        BusinessDay::new(shown.checked_sub(self.day_start).ok()?.date().to_string()).ok()
    }

    /// `2026-11-23 14:05` at the station.
    pub fn date_and_time(&self, at_ms: i64) -> String {
        timestamp(at_ms).to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
    }
}

/// `2026-11-23T05:05:00.123Z`, as bridges and integrations write moments.
pub fn rfc3339(at_ms: i64) -> String {
    timestamp(at_ms).to_string()
}

/// A clock beyond what a calendar can say counts as 1970.
fn timestamp(at_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23 14:59:59.999 UTC, one millisecond before midnight in Seoul.
    const BEFORE_MIDNIGHT_MS: i64 = 1_795_445_999_999;

    fn day(calendar: &Calendar, at_ms: i64) -> String {
        calendar.business_day(at_ms).unwrap().to_string()
    }

    #[test]
    fn the_business_day_turns_at_the_stations_hour_and_not_at_midnight() {
        let midnight = Calendar::new("Asia/Seoul", "00:00").unwrap();
        assert_eq!(day(&midnight, BEFORE_MIDNIGHT_MS), "2026-11-23");
        assert_eq!(day(&midnight, BEFORE_MIDNIGHT_MS + 1), "2026-11-24");
        let six = Calendar::new("Asia/Seoul", "06:00").unwrap();
        assert_eq!(day(&six, BEFORE_MIDNIGHT_MS + 1), "2026-11-23");
        assert_eq!(six.date_and_time(BEFORE_MIDNIGHT_MS), "2026-11-23 23:59");
        assert_eq!(rfc3339(BEFORE_MIDNIGHT_MS), "2026-11-23T14:59:59.999Z");
    }

    #[test]
    fn r35_days_of_23_and_25_hours_begin_at_the_hour_on_the_sign() {
        // Berlin, 2026: clocks go on at 02:00 on 29 March (01:00 UTC) and back at 03:00 on 25 October.
        let six = Calendar::new("Europe/Berlin", "06:00").unwrap();
        for (six_oclock_ms, before, after) in
            [(1_774_756_800_000, "2026-03-28", "2026-03-29"), (1_792_904_400_000, "2026-10-24", "2026-10-25")]
        {
            assert_eq!(day(&six, six_oclock_ms - 1), before);
            assert_eq!(day(&six, six_oclock_ms), after);
        }
        // The hour that comes twice is of one day both times.
        let midnight = Calendar::new("Europe/Berlin", "00:00").unwrap();
        assert_eq!(day(&midnight, 1_792_890_000_000 - 1), "2026-10-25");
        assert_eq!(day(&midnight, 1_792_890_000_000 + 1), "2026-10-25");
    }

    #[test]
    fn an_absurd_clock_gives_no_day_and_no_panic() {
        let calendar = Calendar::new("Asia/Seoul", "00:00").unwrap();
        assert_eq!(calendar.business_day(i64::MAX).map(|day| day.to_string()), Some("1970-01-01".to_owned()));
        assert_eq!(calendar.business_day(-100_000_000_000_000), None);
    }

    #[test]
    fn an_unknown_zone_or_hour_is_refused() {
        assert!(matches!(Calendar::new("Asia/Atlantis", "00:00"), Err(CalendarError::Zone(_))));
        assert!(matches!(Calendar::new("Asia/Seoul", "25:00"), Err(CalendarError::DayStart(_))));
    }
}
