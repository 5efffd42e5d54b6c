//! The life of a proof, and what a mint's answer means for money that was handed over.

use crate::mint::ProofState;

/// Where a proof stands. Only evidence ends a life: a mint's word or the wallet's own swap, never time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Life {
    /// In the wallet, to be picked.
    Free,
    /// Picked for one payment; no other may pick it.
    Reserved,
    /// It may have left the process.
    HandedOver,
    /// It left, and what became of it is not known.
    Held,
    /// The mint took it from somebody: the money is gone.
    Spent,
    /// The wallet's own swap took it back; other proofs stand for its money.
    Reclaimed,
}

/// What happens to a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// A payment picks it.
    Reserve,
    /// The payment is given up before anything left.
    Release,
    /// It is about to leave: recorded before the first byte is sent.
    HandOver,
    /// The seller served, so it is theirs, whether they have swapped it yet or not.
    Delivered,
    /// The mint said what state it is in (NUT-07).
    Said(ProofState),
    /// The mint did not answer.
    Silence,
    /// The wallet's own swap of it succeeded.
    SwappedBack,
}

/// An event that cannot happen to a proof in that state. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a proof that is {from:?} cannot have {event:?}")]
pub struct Unlawful {
    /// The state.
    pub from: Life,
    /// The event.
    pub event: Event,
}

impl Life {
    /// The state after an event.
    ///
    /// # Errors
    /// [`Unlawful`].
    pub fn after(self, event: Event) -> Result<Self, Unlawful> {
        use Event::{Delivered, HandOver, Release, Reserve, Said, Silence, SwappedBack};
        use Life::{Free, HandedOver, Held, Reclaimed, Reserved, Spent};
        Ok(match (self, event) {
            (Free, Reserve) => Reserved,
            (Reserved, Release) => Free,
            (Reserved, HandOver) => HandedOver,
            // For what is spent already, the same word again is no contradiction.
            (HandedOver | Held | Spent, Delivered | Said(ProofState::Spent)) => Spent,
            // Unspent is no end either: whoever has the token may spend it until a swap of ours has.
            (HandedOver | Held, Said(ProofState::Pending | ProofState::Unspent) | Silence) => Held,
            (HandedOver | Held, SwappedBack) => Reclaimed,
            (from, event) => return Err(Unlawful { from, event }),
        })
    }

    /// Whether its money counts as the wallet's own.
    pub const fn is_free(self) -> bool {
        matches!(self, Self::Free)
    }

    /// Whether nothing can happen to it any more.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Spent | Self::Reclaimed)
    }
}

/// What is to be done about a token that was handed over and not answered with what was paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fate {
    /// All of it was taken: booked, with the flag `no_delivery`.
    Settled,
    /// None of it was taken: swap it to fresh proofs, and release when the swap has succeeded.
    Reclaim,
    /// Not known, or not the same for all of it: it stays held.
    Hold,
}

/// The fate of a token after what the mint said of each of its proofs; `None` where it said nothing.
pub fn fate(states: &[Option<ProofState>]) -> Fate {
    let all = |state| !states.is_empty() && states.iter().all(|said| *said == Some(state));
    if all(ProofState::Spent) {
        Fate::Settled
    } else if all(ProofState::Unspent) {
        Fate::Reclaim
    } else {
        Fate::Hold
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EVENTS: [Event; 9] = [
        Event::Reserve,
        Event::Release,
        Event::HandOver,
        Event::Delivered,
        Event::Said(ProofState::Unspent),
        Event::Said(ProofState::Pending),
        Event::Said(ProofState::Spent),
        Event::Silence,
        Event::SwappedBack,
    ];

    #[test]
    fn csh_14_to_17_the_mints_word_decides_what_becomes_of_a_token() {
        use ProofState::{Pending, Spent, Unspent};
        for (id, states, expected) in [
            ("CSH-14", vec![Some(Unspent), Some(Unspent)], Fate::Reclaim),
            ("CSH-15", vec![Some(Spent), Some(Spent)], Fate::Settled),
            ("CSH-16", vec![Some(Pending), Some(Pending)], Fate::Hold),
            ("CSH-17", vec![None, None], Fate::Hold),
            ("some of it taken", vec![Some(Spent), Some(Unspent)], Fate::Hold),
            ("some of it unknown", vec![Some(Unspent), None], Fate::Hold),
            ("no proofs", vec![], Fate::Hold),
        ] {
            assert_eq!(fate(&states), expected, "{id}");
        }
    }

    #[test]
    fn csh_19_a_proof_is_picked_once() {
        let picked = Life::Free.after(Event::Reserve).unwrap();
        assert!(picked.after(Event::Reserve).is_err());
        assert!(picked.after(Event::Release).is_ok_and(Life::is_free));
    }

    proptest! {
        #[test]
        fn what_left_never_comes_back_free_and_what_is_over_stays_over(
            steps in prop::collection::vec(0..EVENTS.len(), 0..40)
        ) {
            let (mut life, mut left) = (Life::Free, false);
            for step in steps {
                let event = EVENTS[step];
                let before = life;
                match life.after(event) {
                    Ok(next) => life = next,
                    Err(refused) => prop_assert_eq!(refused, Unlawful { from: life, event }),
                }
                left |= event == Event::HandOver && before == Life::Reserved;
                prop_assert!(!(left && life.is_free()));
                prop_assert!(!before.is_over() || life == before);
                if before != life && life == Life::Reclaimed {
                    prop_assert_eq!(event, Event::SwappedBack);
                }
            }
        }
    }
}
