use model::Timestamp;

const DAY_MS: u64 = 86_400_000;
/// 9999-12-31T23:59:59.999Z: RFC 3339 has four digits for the year.
const LAST: u64 = 253_402_300_799_999;

/// A moment as RFC 3339 text in UTC with milliseconds; what lies after the year 9999 is its last moment.
pub fn rfc3339(time: Timestamp) -> String {
    let mut out = Vec::with_capacity(24);
    write_rfc3339(time, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// Reads RFC 3339 text in UTC: `2026-11-21`, `2026-11-21T10:00:00Z`, with or without a fraction.
pub fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_at_checked(10)?;
    let mut parts = date.split('-');
    let (year, month, day) =
        (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let days = days_from_civil(year, month, day)?;
    // A month or a day that is not in the calendar comes back as another.
    if civil_from_days(days) != (year, month, day) {
        return None;
    }
    let millis = if rest.is_empty() {
        0
    } else {
        time_of_day(rest.strip_prefix(['T', 't', ' '])?.strip_suffix(['Z', 'z'])?)?
    };
    Some(Timestamp(days * DAY_MS + millis))
}

/// Appends the 24 bytes of a moment.
pub(crate) fn write_rfc3339(time: Timestamp, out: &mut Vec<u8>) {
    let millis = time.as_millis().min(LAST);
    let (year, month, day) = civil_from_days(millis / DAY_MS);
    let of_day = millis % DAY_MS;
    padded(year, 4, out);
    for (mark, value, width) in [
        (b'-', month, 2),
        (b'-', day, 2),
        (b'T', of_day / 3_600_000, 2),
        (b':', of_day / 60_000 % 60, 2),
        (b':', of_day / 1000 % 60, 2),
        (b'.', of_day, 3),
    ] {
        out.push(mark);
        padded(value, width, out);
    }
    out.push(b'Z');
}

fn time_of_day(text: &str) -> Option<u64> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = clock.split(':');
    let (hour, minute, second) =
        (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let whole = fraction.get(..fraction.len().min(3))?;
    let millis = digits(whole, whole.len())? * [0, 100, 10, 1].get(whole.len())?;
    let ok = parts.next().is_none() && hour < 24 && minute < 60 && second < 60;
    ok.then_some(((hour * 60 + minute) * 60 + second) * 1000 + millis)
}

fn digits(text: &str, width: usize) -> Option<u64> {
    (text.len() == width && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Appends the last `width` digits of a number.
fn padded(mut value: u64, width: usize, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + width, b'0');
    for digit in out[start..].iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// Year, month and day of a count of days since 1970-01-01, in the proleptic Gregorian calendar. Years are counted
/// from March, so that the leap day comes last, in cycles of 400 years (146,097 days).
const fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + (month <= 2) as u64;
    (year, month, day)
}

/// The inverse, for the days there are; `None` before 1970.
fn days_from_civil(year: u64, month: u64, day: u64) -> Option<u64> {
    let year = year.checked_sub(u64::from(month <= 2))?;
    let (era, of_era) = (year / 400, year % 400);
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * from_march + 2) / 5 + day;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    // One more than above, since the days of a month count from 1.
    days.checked_sub(719_469)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_moments_read_as_people_write_them() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_123, "2000-02-29T00:00:00.123Z"),
            (1_795_255_199_999, "2026-11-21T09:59:59.999Z"),
            (LAST + 1, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(rfc3339(Timestamp(millis)), text);
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for bad in [
            "",
            "2026",
            "2026-13-01",
            "2026-00-01",
            "2026-99-01",
            "2026-02-30",
            "2026-03-00",
            "2026-12-32",
            "2026-+1-01",
            "2026-1-001",
            "0000-01-01",
            "1969-12-31",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:60Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00+01:00",
            "2026-01-01T00:00:00.Z",
            "é026-01-01",
        ] {
            assert_eq!(parse_rfc3339(bad), None, "{bad}");
        }
        assert_eq!(parse_rfc3339("1970-01-02"), Some(Timestamp(DAY_MS)));
        assert_eq!(parse_rfc3339("1970-01-01T00:00:01.5Z"), Some(Timestamp(1500)));
    }

    #[test]
    fn every_day_of_four_centuries_follows_the_one_before() {
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for days in 0..146_097 {
            assert_eq!(civil_from_days(days), (year, month, day));
            assert_eq!(days_from_civil(year, month, day), Some(days));
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let last = match month {
                2 => 28 + u64::from(leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            (year, month, day) = match (month, day) {
                (12, 31) => (year + 1, 1, 1),
                (_, day) if day == last => (year, month + 1, 1),
                _ => (year, month, day + 1),
            };
        }
        assert_eq!((year, month, day), (2370, 1, 1));
    }

    proptest! {
        #[test]
        fn writing_and_reading_are_inverse(millis in 0..=LAST) {
            prop_assert_eq!(parse_rfc3339(&rfc3339(Timestamp(millis))), Some(Timestamp(millis)));
        }
    }
}
