//! Points in time as text.

use core::fmt;
use core::time::Duration;

/// A point in time, by what has passed since 1970-01-01 in UTC.
///
/// Printed as RFC 3339 writes it, `2026-11-21T03:04:05Z`; with a precision as many digits of
/// a second as it says, up to nine: `{:.6}` is `2026-11-21T03:04:05.678901Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Utc(pub Duration);

const DAY: u64 = 86_400;

impl fmt::Display for Utc {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, second) = (self.0.as_secs() / DAY, self.0.as_secs() % DAY);
        let (year, month, day) = date(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(
            formatter,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        if let Some(digits @ 1..) = formatter.precision() {
            let digits = digits.min(9);
            let fraction = self.0.subsec_nanos() / 10_u32.pow(9 - digits as u32);
            write!(formatter, ".{fraction:0digits$}")?;
        }
        formatter.write_str("Z")
    }
}

/// Year, month and day of a number of days since 1970-01-01 in the Gregorian calendar.
///
/// A year is counted from March, so that the day that leap years add is its last one and the
/// months before it always have the same lengths: 153 days in each five of them.
fn date(days: u64) -> (u64, u64, u64) {
    const DAYS_OF_400_YEARS: u64 = 146_097;
    /// From 0000-03-01 to 1970-01-01.
    const DAYS_BEFORE_1970: u64 = 719_468;
    let days = days + DAYS_BEFORE_1970;
    let (era, day_of_era) = (days / DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS);
    // Leap days of the era so far: one in 4 years, none in 100, one at the end of 400.
    let leap_days = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / (DAYS_OF_400_YEARS - 1);
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let (month, next_year) = match month_from_march {
        0..=9 => (month_from_march + 3, 0),
        _ => (month_from_march - 9, 1),
    };
    (era * 400 + year_of_era + next_year, month, day)
}

#[cfg(test)]
mod tests;
