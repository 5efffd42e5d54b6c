//! Certificates of the gate's own, and when they end.

use ambient::Clock;

use super::Advice;
use crate::config::Loaded;
use crate::house::certificates;

/// How many seconds before its end a certificate is spoken of.
const SOON: i64 = 14 * 86_400;

/// Certificates that do not hold now, or not much longer.
pub fn look(loaded: &Loaded, found: &mut Vec<Advice>) {
    let now = i64::try_from(Clock::system().now_millis() / 1000).unwrap_or(i64::MAX);
    let mut all: Vec<_> = certificates(loaded)
        .map(|(name, path)| (format!("source `{name}`: the certificate that it is shown"), path))
        .collect();
    if let Some(tls) = &loaded.config.server.tls {
        all.push(("the certificate of the gate".to_owned(), loaded.resolve(&tls.cert)));
    }
    for (whose, path) in all {
        // One that cannot be read is said by the check of the configuration.
        let Ok(holds) =
            std::fs::read(&path).map_err(|e| e.to_string()).and_then(|pem| egress::validity(&pem))
        else {
            continue;
        };
        let (rule, how) = if now >= holds.end {
            ("certificate-expired", "has expired".to_owned())
        } else if now < holds.start {
            ("certificate-not-yet-valid", "is not valid yet".to_owned())
        } else if holds.end - now < SOON {
            ("certificate-expires", format!("ends in {} days", (holds.end - now) / 86_400))
        } else {
            continue;
        };
        found.push(Advice::new(
            rule,
            format!("{whose} ({}) {how}", path.display()),
            "renew it, and restart the gate: certificates are read at its start",
        ));
    }
}
