use jiff::Timestamp;

/// Milliseconds since 1970 of a time as RFC 3339 writes it, and in no other form: `2025-02-27T16:01:30.000Z`, with any
/// fraction of up to nine digits and `Z` or an offset.
pub(super) fn read(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(19)?;
    let pattern = "0000-00-00T00:00:00";
    if !shaped(date, pattern) || date.ends_with("60") {
        return None;
    }
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            let digits = fraction.len() - zone.len();
            if (1..=9).contains(&digits) { zone } else { return None }
        }
        None => rest,
    };
    let utc = zone == "Z";
    let offset = zone.strip_prefix(['+', '-']).is_some_and(|zone| shaped(zone, "00:00"));
    if !utc && !offset {
        return None;
    }
    text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

/// Whether a text has a digit wherever the pattern has 0, and is the pattern elsewhere.
fn shaped(text: &str, pattern: &str) -> bool {
    let fits = |(c, p): (u8, u8)| if p == b'0' { c.is_ascii_digit() } else { c == p };
    text.len() == pattern.len() && text.bytes().zip(pattern.bytes()).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_rfc_3339_are_read() {
        assert_eq!(read("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(read("2025-02-27T16:01:30.000Z"), Some(1_740_672_090_000));
        assert_eq!(read("2025-02-27T17:01:30.5+01:00"), Some(1_740_672_090_500));
        assert_eq!(read("2025-02-27T15:31:30-00:30"), Some(1_740_672_090_000));
    }

    #[test]
    fn times_of_another_form_are_refused() {
        for text in [
            "",
            "2025-02-27",
            "2025-02-27T16:01:30",
            "2025-02-27 16:01:30Z",
            "2025-02-27T16:01:30z",
            "2025-02-27t16:01:30Z",
            "2025-02-27T16:01:30.Z",
            "2025-02-27T16:01:30,0Z",
            "2025-02-30T16:01:30Z",
            "2025-02-27T24:01:30Z",
            "2025-02-27T16:01:60Z",
            "2025-02-27T16:01:30Z[UTC]",
            "20250227T160130Z",
            "2025-02-27T16:01:30+0100",
            "+002025-02-27T16:01:30Z",
            " 2025-02-27T16:01:30Z",
            "1740672090",
            "2025-02-27T16:01:30.0000000000Z",
            "2025-02-27T16:01:é",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }
}
