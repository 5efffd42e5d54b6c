use std::time::Duration;

use proptest::prelude::*;

use crate::window::{Rate, Window};

const SECOND: u64 = 1_000_000_000;

fn minute(limit: u32) -> Rate {
    Rate::new(limit, Duration::from_mins(1))
}

fn admitted(cell: &mut Window, rate: &Rate, now: u64, tries: u32) -> u32 {
    (0..tries).filter(|_| cell.admit(rate, now).is_ok()).count().try_into().unwrap()
}

#[test]
fn a_hundred_before_a_minute_boundary_leave_no_room_after_it() {
    let (rate, mut cell) = (minute(100), Window::EMPTY);
    assert_eq!(admitted(&mut cell, &rate, 60 * SECOND - 1, 100), 100);
    assert_eq!(admitted(&mut cell, &rate, 60 * SECOND + 1, 100), 0);
}

#[test]
fn thirty_at_once_and_one_a_minute_later_all_pass() {
    for start in [1, 17 * SECOND, 3_600 * SECOND + 123] {
        let (rate, mut cell) = (minute(30), Window::EMPTY);
        assert_eq!(admitted(&mut cell, &rate, start, 31), 30);
        assert_eq!(cell.admit(&rate, start), Err(Duration::from_mins(1)));
        assert_eq!(cell.admit(&rate, start + 60 * SECOND - 1), Err(Duration::from_nanos(1)));
        assert_eq!(cell.admit(&rate, start + 60_001_000_000), Ok(()));
    }
}

#[test]
fn a_limit_of_zero_refuses_everything() {
    assert!(Window::EMPTY.clone().admit(&minute(0), SECOND).is_err());
}

#[test]
fn a_burst_below_the_limit_paces_the_rest() {
    let (rate, mut cell) = (minute(60).burst(2), Window::EMPTY);
    assert_eq!(admitted(&mut cell, &rate, SECOND, 5), 2);
    assert_eq!(cell.admit(&rate, SECOND), Err(Duration::from_secs(1)));
    assert_eq!(admitted(&mut cell, &rate, 2 * SECOND, 5), 1);
}

#[test]
fn a_burst_of_the_whole_limit_paces_nothing() {
    // Seven does not divide a minute: pacing would round, and let the seventh wait.
    let (rate, mut cell) = (minute(7).burst(7), Window::EMPTY);
    assert_eq!(admitted(&mut cell, &rate, SECOND, 8), 7);
    assert_eq!(admitted(&mut cell, &rate, 61 * SECOND, 8), 7);
    assert_eq!((rate, rate.limit()), (minute(7), 7));
}

#[test]
fn a_reading_from_before_the_latest_event_gains_nothing() {
    let (rate, mut cell) = (minute(1), Window::EMPTY);
    assert_eq!(cell.admit(&rate, 100 * SECOND), Ok(()));
    assert!(cell.admit(&rate, SECOND).is_err());
}

#[test]
fn an_even_stream_gets_nearly_all_of_its_limit() {
    let (rate, mut cell) = (minute(600), Window::EMPTY);
    let passed = (0..6_000_u64).filter(|i| cell.admit(&rate, i * SECOND / 10).is_ok()).count();
    assert!(passed >= 6_000 * 16 / 17, "{passed}");
}

proptest! {
    #[test]
    fn never_more_than_the_limit_in_any_window(
        limit in 1u32..12,
        window in 1u64..2_000,
        burst in prop::option::of(1u32..12),
        steps in prop::collection::vec(prop_oneof![Just(0u64), 0u64..50, 0u64..1_500], 1..300),
    ) {
        let mut rate = Rate::new(limit, Duration::from_nanos(window));
        if let Some(burst) = burst { rate = rate.burst(burst); }
        let (mut cell, mut now, mut passed) = (Window::EMPTY, 0, Vec::<u64>::new());
        for step in steps {
            now += step;
            if cell.admit(&rate, now).is_ok() { passed.push(now); }
        }
        for from in &passed {
            let inside = passed.iter().filter(|t| **t >= *from && **t - *from < window).count();
            prop_assert!(inside <= limit as usize);
        }
    }

    #[test]
    fn whoever_waits_as_told_is_admitted_and_whoever_comes_earlier_is_not(
        limit in 1u32..8, window in 1u64..2_000, steps in prop::collection::vec(0u64..300, 1..100),
    ) {
        let rate = Rate::new(limit, Duration::from_nanos(window));
        let (mut cell, mut now) = (Window::EMPTY, 0);
        for step in steps {
            now += step;
            if let Err(wait) = cell.admit(&rate, now) {
                prop_assert!(wait <= Duration::from_nanos(window));
                let early = now + u64::try_from(wait.as_nanos()).unwrap() - 1;
                prop_assert_eq!(cell.admit(&rate, early), Err(Duration::from_nanos(1)));
                now += u64::try_from(wait.as_nanos()).unwrap();
                prop_assert_eq!(cell.admit(&rate, now), Ok(()));
            }
        }
    }

    #[test]
    fn an_idle_cell_is_as_good_as_an_empty_one(
        limit in 1u32..8, burst in 1u32..8, steps in prop::collection::vec(0u64..300, 1..60), tries in 1u32..10,
    ) {
        let rate = Rate::new(limit, Duration::from_micros(1)).burst(burst);
        let (mut used, mut now) = (Window::EMPTY, 0);
        for step in steps {
            now += step;
            let _ = used.admit(&rate, now);
        }
        let later = used.idle_from(&rate).max(now);
        let mut fresh = Window::EMPTY;
        prop_assert_eq!(
            admitted(&mut used, &rate, later, tries), admitted(&mut fresh, &rate, later, tries)
        );
    }
}
