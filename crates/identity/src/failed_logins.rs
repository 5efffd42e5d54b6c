use std::fmt;
use std::hash::RandomState;
use std::net::IpAddr;
use std::time::Duration;

use ambient::Instant;

use crate::gcra::Gcra;
use crate::table::{Cell, Table};

/// Limits failed log-ins per client address, apart from everybody who logs in well.
///
/// Ask it only after a credential was found wanting: a good credential is never counted and never refused, whatever
/// came from its address before. IPv6 clients are told apart by their /64, since a client can pick the rest at will.
pub struct FailedLogins(Table<IpAddr, Arrival, RandomState>);

impl FailedLogins {
    /// `limit` failures at once, and one more each `window / limit`, per address; about `capacity` busy addresses are
    /// told apart, further ones are limited together.
    pub fn new(limit: u32, window: Duration, capacity: usize) -> Self {
        Self(Table::new(Gcra::new(limit, window, limit), capacity))
    }

    /// Counts one failed log-in from `addr`.
    ///
    /// # Errors
    /// There were too many: answer "too many requests" with this time to wait, instead of "unauthorized".
    pub fn check(&self, addr: IpAddr, now: Instant) -> Result<(), Duration> {
        self.0.admit(&neighbourhood(addr), now.0)
    }
}

impl fmt::Debug for FailedLogins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FailedLogins").field("rule", self.0.rule()).finish_non_exhaustive()
    }
}

/// IPv4 (also when written as IPv6) as it is; IPv6 without its lower 64 bits.
fn neighbourhood(addr: IpAddr) -> IpAddr {
    match addr.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// A theoretical arrival time, in nanoseconds.
#[derive(Clone, Copy)]
struct Arrival(u64);

impl Cell for Arrival {
    type Rule = Gcra;
    const EMPTY: Self = Self(0);

    fn admit(&mut self, rule: &Gcra, now: u64) -> Result<(), Duration> {
        self.0 = rule.admit(self.0, now)?;
        Ok(())
    }

    fn idle_from(&self, _: &Gcra) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_hundred_wrong_keys_from_one_address_are_limited_and_elsewhere_nobody_notices() {
        let failed = FailedLogins::new(5, Duration::from_mins(1), 1_000);
        let passed = (0..100).filter(|_| failed.check(ip("203.0.113.9"), Instant(7)).is_ok());
        assert_eq!(passed.count(), 5);
        assert_eq!(failed.check(ip("203.0.113.10"), Instant(7)), Ok(()));
        assert_eq!(
            failed.check(ip("203.0.113.9"), Instant(7)),
            Err(Duration::from_secs(12)),
            "the answer says when to come back"
        );
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_client() {
        let failed = FailedLogins::new(1, Duration::from_mins(1), 1_000);
        assert_eq!(failed.check(ip("2001:db8:1:2::1"), Instant(1)), Ok(()));
        assert!(failed.check(ip("2001:db8:1:2:ffff::2"), Instant(1)).is_err());
        assert_eq!(failed.check(ip("2001:db8:1:3::1"), Instant(1)), Ok(()));
    }

    #[test]
    fn failures_are_not_forgotten_to_make_room_for_those_of_other_addresses() {
        let failed = FailedLogins::new(1, Duration::from_mins(1), 16);
        assert_eq!(failed.check(ip("203.0.113.9"), Instant(1)), Ok(()));
        for n in 0..1_000_u32 {
            let _ = failed.check(std::net::Ipv4Addr::from_bits(n).into(), Instant(1));
        }
        assert!(failed.check(ip("203.0.113.9"), Instant(1)).is_err());
    }

    #[test]
    fn an_ipv4_address_written_as_ipv6_is_still_itself() {
        let failed = FailedLogins::new(1, Duration::from_mins(1), 1_000);
        assert_eq!(failed.check(ip("::ffff:203.0.113.1"), Instant(1)), Ok(()));
        assert!(failed.check(ip("203.0.113.1"), Instant(1)).is_err());
        assert_eq!(failed.check(ip("::ffff:203.0.113.2"), Instant(1)), Ok(()));
    }
}
