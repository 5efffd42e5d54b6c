use model::money::MoneyRule;

use crate::{Caps, Price, Room, Spend};

/// For how long a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Window {
    /// One payment.
    Call,
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// Seven days.
    Week,
    /// Thirty days.
    Month,
    /// For ever.
    Lifetime,
}

impl Window {
    /// The rule of a limit of this window.
    pub const fn rule(self) -> MoneyRule {
        match self {
            Self::Call => MoneyRule::PerCallCap,
            Self::Minute => MoneyRule::MinuteCap,
            Self::Hour => MoneyRule::HourCap,
            Self::Day => MoneyRule::DayCap,
            Self::Week => MoneyRule::WeekCap,
            Self::Month => MoneyRule::MonthCap,
            Self::Lifetime => MoneyRule::LifetimeCap,
        }
    }
}

/// A limit, and what of it is used up.
#[derive(Debug, Clone)]
pub struct Limit {
    /// For how long it counts.
    pub window: Window,
    /// The most, inclusive. It is about those payments that have a price in its unit.
    pub most: Price,
    /// What was spent in the window, in 10^-9 of the unit.
    pub spent: u128,
    /// The one origin it is about; `None` for all.
    pub origin: Option<String>,
}

/// Limits with what was spent beside them, for explaining: nothing is reserved, and time does not pass.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// The limits.
    pub all: Vec<Limit>,
    /// How many payments a payee may get in the window, and how many it got; `None` for no limit.
    pub velocity: Option<(u32, u32)>,
}

impl Caps for Limits {
    fn room(&self, spend: &Spend<'_>) -> Room {
        let mut all: Vec<&Limit> = self.all.iter().filter(|limit| limit.is_about(spend)).collect();
        // One payment first, then the longest window: waiting for a shorter one would not help.
        all.sort_by_key(|limit| {
            (limit.origin.is_some(), limit.window != Window::Call, std::cmp::Reverse(limit.window))
        });
        let (calls, windows): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|limit| limit.window == Window::Call);
        let mut soft = false;
        for limit in calls {
            if let Some(none) = limit.check(spend, &mut false) {
                return none;
            }
        }
        if self.velocity.is_some_and(|(most, made)| made >= most) {
            let why = "The payee has had as many payments as it may have in this window.";
            return Room::None(MoneyRule::Velocity, why.to_owned());
        }
        for limit in windows {
            if let Some(none) = limit.check(spend, &mut soft) {
                return none;
            }
        }
        Room::Enough { soft }
    }
}

impl Limit {
    fn is_about(&self, spend: &Spend<'_>) -> bool {
        let origin = self.origin.as_ref().is_none_or(|origin| *origin == spend.terms.origin);
        origin && spend.counted.nano_in(&self.most.unit).is_some()
    }

    fn check(&self, spend: &Spend<'_>, soft: &mut bool) -> Option<Room> {
        let cost = spend.counted.nano_in(&self.most.unit)?.ok();
        let sum = cost.and_then(|cost| cost.checked_add(self.spent));
        let Some(sum) = sum else {
            return Some(Room::None(
                MoneyRule::Overflow,
                "The sum is larger than can be counted.".to_owned(),
            ));
        };
        if sum > self.most.nano {
            let rule =
                if self.origin.is_some() { MoneyRule::OriginCap } else { self.window.rule() };
            return Some(Room::None(rule, self.sentence(spend)));
        }
        *soft |= sum.saturating_mul(100) >= self.most.nano.saturating_mul(80);
        None
    }

    fn sentence(&self, spend: &Spend<'_>) -> String {
        let cost = spend.counted;
        let most = &self.most;
        let spent = Price { nano: self.spent, unit: most.unit.clone() };
        if self.window == Window::Call {
            return format!("{cost} are asked, and {most} are the most for one call.");
        }
        let window = match self.window {
            Window::Minute => "a minute",
            Window::Hour => "an hour",
            Window::Day => "a day",
            Window::Week => "a week",
            Window::Month => "a month",
            Window::Lifetime | Window::Call => "all time",
        };
        let place = if self.origin.is_some() { " for this origin" } else { "" };
        format!(
            "{cost} are asked, {spent} were spent, and {most} are the most for {window}{place}."
        )
    }
}
