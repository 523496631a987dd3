use alloc::format;
use alloc::string::ToString;

use super::*;

/// From `date -u -d @SECONDS`.
#[test]
fn times_are_calendar_dates() {
    for (seconds, expected) in [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_399, "2000-02-28T23:59:59Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (951_868_800, "2000-03-01T00:00:00Z"),
        (1_709_251_199, "2024-02-29T23:59:59Z"),
        (1_735_689_599, "2024-12-31T23:59:59Z"),
        (1_795_219_200, "2026-11-21T00:00:00Z"),
        (4_107_542_399, "2100-02-28T23:59:59Z"),
        (4_107_542_400, "2100-03-01T00:00:00Z"),
        (13_601_088_000, "2401-01-01T00:00:00Z"),
    ] {
        assert_eq!(Utc(Duration::from_secs(seconds)).to_string(), expected);
    }
}

#[test]
fn every_day_of_400_years_is_the_one_after_the_day_before() {
    let (mut year, mut month, mut day) = date(0);
    assert_eq!((year, month, day), (1970, 1, 1));
    for days in 1..=146_097 {
        let february = match year {
            year if year % 400 == 0 => 29,
            year if year % 100 == 0 => 28,
            year if year % 4 == 0 => 29,
            _ => 28,
        };
        let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        day += 1;
        if day > lengths[month as usize - 1] {
            (month, day) = (month + 1, 1);
        }
        if month > 12 {
            (year, month) = (year + 1, 1);
        }
        assert_eq!(date(days), (year, month, day));
    }
}

#[test]
fn a_precision_is_digits_of_a_second() {
    let time = Utc(Duration::new(5, 67_890_123));
    assert_eq!(format!("{time:.6}"), "1970-01-01T00:00:05.067890Z");
    assert_eq!(format!("{time:.3}"), "1970-01-01T00:00:05.067Z");
    assert_eq!(format!("{time:.0}"), "1970-01-01T00:00:05Z");
    assert_eq!(format!("{time:.20}"), "1970-01-01T00:00:05.067890123Z");
}

/// A damaged record may hold any number.
#[test]
fn the_last_moment_of_all_is_a_date_as_well() {
    let text = Utc(Duration::from_secs(u64::MAX)).to_string();
    assert!(text.starts_with("584554051223-"), "{text}");
}
