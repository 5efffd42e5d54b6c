use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::OwnedMutexGuard;

/// Whose turn it is to pay for what others would pay for at the same time.
#[derive(Default)]
pub(crate) struct Turns(Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>);

/// A turn. It is over when this is dropped.
pub(crate) type Turn = OwnedMutexGuard<()>;

impl Turns {
    /// Waits for the turn at something of that name.
    pub(crate) async fn wait(&self, name: String) -> Turn {
        let turn = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|_, turn| turn.strong_count() > 0);
            let waited_for = all.get(&name).and_then(Weak::upgrade);
            waited_for.unwrap_or_else(|| {
                let turn = Arc::default();
                all.insert(name, Arc::downgrade(&turn));
                turn
            })
        };
        turn.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn one_after_the_other_takes_a_turn_and_other_names_do_not_wait() {
        let turns = Turns::default();
        let first = turns.wait("a".to_owned()).await;
        let mut second = Box::pin(turns.wait("a".to_owned()));
        assert!(second.as_mut().now_or_never().is_none());
        let other = turns.wait("b".to_owned()).now_or_never();
        assert!(other.is_some());
        drop(first);
        assert!(second.as_mut().now_or_never().is_some());
        drop((second, other));
        drop(turns.wait("c".to_owned()).await);
        turns.wait("d".to_owned()).await;
        assert_eq!(turns.0.lock().unwrap().len(), 1, "names that nobody waits at are forgotten");
    }
}
