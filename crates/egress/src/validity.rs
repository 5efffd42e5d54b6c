//! From when until when a certificate holds. Pure.

use std::ops::Range;

use crate::identity::certificates;

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// When the first certificate of a PEM text holds, in seconds since 1970.
///
/// Nothing is verified here: this is for telling an operator that a certificate needs to be renewed.
///
/// # Errors
/// There is no certificate, or it says no times.
pub fn validity(pem: &[u8]) -> Result<Range<i64>, String> {
    let chain = certificates(pem)?;
    let own = chain.first().ok_or("there is no certificate")?;
    times(own).ok_or_else(|| "the certificate does not say when it holds".to_owned())
}

/// The validity of a certificate (RFC 5280, section 4.1).
fn times(der: &[u8]) -> Option<Range<i64>> {
    let (certificate, _) = element(der, SEQUENCE)?;
    let (mut rest, _) = element(certificate, SEQUENCE)?;
    if rest.first() == Some(&VERSION) {
        rest = any(rest)?.2;
    }
    // The serial number, the algorithm and the issuer stand before it.
    for _ in 0..3 {
        rest = any(rest)?.2;
    }
    let (validity, _) = element(rest, SEQUENCE)?;
    let (kind, from, rest) = any(validity)?;
    let (until_kind, until, _) = any(rest)?;
    Some(moment(kind, from)?..moment(until_kind, until)?)
}

fn element(der: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (tag, content, rest) = any(der)?;
    (tag == wanted).then_some((content, rest))
}

/// The first element: its tag, its content, and what follows it.
fn any(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first);
    if first & 0x80 != 0 {
        let bytes = usize::from(first & 0x7f);
        if !(1..=4).contains(&bytes) || rest.len() < bytes {
            return None;
        }
        let (digits, after) = rest.split_at(bytes);
        length = digits.iter().fold(0, |n, byte| n << 8 | usize::from(*byte));
        rest = after;
    }
    let content = rest.get(..length)?;
    Some((tag, content, &rest[length..]))
}

/// A time in UTC, as certificates write it: `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`.
fn moment(kind: u8, text: &[u8]) -> Option<i64> {
    let digits = text.strip_suffix(b"Z")?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |part: &[u8]| part.iter().fold(0, |n, c| n * 10 + i64::from(c - b'0'));
    let (year, rest) = match kind {
        UTC_TIME if digits.len() == 12 => {
            let short = number(&digits[..2]);
            (if short < 50 { 2000 + short } else { 1900 + short }, &digits[2..])
        }
        GENERALIZED_TIME if digits.len() == 14 => (number(&digits[..4]), &digits[4..]),
        _ => return None,
    };
    let part = |n: usize| number(&rest[2 * n..2 * n + 2]);
    let lawful = (1..=12).contains(&part(0)) && (1..=31).contains(&part(1));
    lawful.then(|| ((days(year, part(0), part(1)) * 24 + part(2)) * 60 + part(3)) * 60 + part(4))
}

/// Days from 1970 to a day of the Gregorian calendar, whose years are taken to begin in March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year
        - 719_468
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn made(from: (i32, u8, u8), until: (i32, u8, u8)) -> String {
        let mut params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        params.not_before = date_time_ymd(from.0, from.1, from.2);
        params.not_after = date_time_ymd(until.0, until.1, until.2);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
    }

    #[test]
    fn the_times_of_a_certificate_are_read_in_both_ways_of_writing_them() {
        let day = 86_400;
        for (from, until, seconds) in [
            ((2024, 2, 29), (2024, 3, 1), 19_782 * day..19_783 * day),
            ((1999, 12, 31), (2000, 1, 1), 10_956 * day..10_957 * day),
            ((2049, 12, 31), (2050, 1, 1), 29_219 * day..29_220 * day),
            ((1975, 1, 1), (2100, 3, 1), 1_826 * day..47_541 * day),
        ] {
            assert_eq!(validity(made(from, until).as_bytes()).unwrap(), seconds, "{from:?}");
        }
    }

    #[test]
    fn what_is_cut_or_no_certificate_has_no_times_and_never_panics() {
        let pem = made((2024, 1, 1), (2025, 1, 1));
        let der = certificates(pem.as_bytes()).unwrap().remove(0);
        assert!(times(&der).is_some());
        for end in 0..der.len().min(200) {
            assert_eq!(times(&der[..end]), None);
        }
        assert!(times(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]).is_none());
        assert!(validity(b"").is_err() && validity(b"-----BEGIN X-----").is_err());
    }
}
