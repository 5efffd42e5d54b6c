use cedar_policy::{Context, RestrictedExpression as Value};
use model::Timestamp;

use crate::arguments::{self, Unreadable};
use crate::reads::Paths;

/// The words of `context.time.weekday`; the first is the day of the epoch.
pub(crate) const WEEKDAYS: [&str; 7] =
    ["thursday", "friday", "saturday", "sunday", "monday", "tuesday", "wednesday"];

/// The context of a call, with those arguments that are looked at, and what could not be put into Cedar's words.
///
/// `None` if there is no context to be had: the moment is beyond what Cedar can hold.
pub(crate) fn build(
    arguments: Option<&[u8]>,
    wanted: &Paths,
    time: bool,
    now: Timestamp,
) -> Option<(Context, Vec<Unreadable>)> {
    let (record, unreadable) = arguments::convert(arguments, wanted);
    let mut pairs = vec![("arguments".to_owned(), record)];
    if time {
        pairs.push(("time".to_owned(), clock(now)?));
        pairs.push(("now".to_owned(), datetime(now)?));
    }
    Some((Context::from_pairs(pairs).ok()?, unreadable))
}

fn clock(now: Timestamp) -> Option<Value> {
    let seconds = now.as_secs();
    let day = usize::try_from((seconds / 86_400) % 7).ok()?;
    let hour = i64::try_from((seconds / 3_600) % 24).ok()?;
    Value::new_record([
        ("epoch_seconds".to_owned(), Value::new_long(i64::try_from(seconds).ok()?)),
        ("hour".to_owned(), Value::new_long(hour)),
        ("weekday".to_owned(), Value::new_string((*WEEKDAYS.get(day)?).to_owned())),
    ])
    .ok()
}

/// The moment as Cedar's own kind of time.
fn datetime(now: Timestamp) -> Option<Value> {
    let days = i64::try_from(now.as_millis() / 86_400_000).ok()?;
    let millis = now.as_millis() % 86_400_000;
    let (year, month, day) = civil(days);
    if year > 9_999 {
        return None;
    }
    let (hour, minute) = (millis / 3_600_000, millis / 60_000 % 60);
    let (second, milli) = (millis / 1_000 % 60, millis % 1_000);
    Some(Value::new_datetime(format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z"
    )))
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar.
///
/// Years are counted from March, so that the day a leap year adds comes last; 400 of them have 146,097 days.
const fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let of_month = day - (153 * month + 2) / 5 + 1;
    let of_year = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + if of_year <= 2 { 1 } else { 0 }, of_year, of_month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        for (days, date) in [
            (0, (1970, 1, 1)),
            (58, (1970, 2, 28)),
            (11_016, (2000, 2, 29)),
            (19_782, (2024, 2, 29)),
            (19_783, (2024, 3, 1)),
            (20_819, (2027, 1, 1)),
            (47_540, (2100, 2, 28)),
            (47_541, (2100, 3, 1)),
        ] {
            assert_eq!(civil(days), date);
        }
    }

    #[test]
    fn the_time_is_utc_with_its_weekday() {
        // 2026-07-28T13:05:06.007Z, a Tuesday.
        let now = Timestamp(1_785_243_906_007);
        let (context, _) = build(None, &Paths::None, true, now).unwrap();
        let shown = context.get("time").unwrap().to_string();
        assert!(
            shown.contains("tuesday") && shown.contains("13") && shown.contains("1785243906"),
            "{shown}"
        );
        assert!(build(None, &Paths::None, true, Timestamp(u64::MAX)).is_none());
    }
}
