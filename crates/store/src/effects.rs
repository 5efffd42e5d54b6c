use model::{Effect, Timestamp};

use crate::{PinKey, StoreError};

/// An effect the operator has accepted for one thing of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedEffect {
    /// What it is for.
    pub key: PinKey,
    /// What that may do to the world.
    pub effect: Effect,
    /// Who accepted it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Effects accepted by the operator. What has none counts as destructive; that is for the catalogue to say.
pub trait Effects {
    /// Every accepted effect of `source`, by name.
    fn effects(&self, source: &str) -> Result<Vec<AcceptedEffect>, StoreError>;

    /// Accepts effects, in one step; one accepted before is replaced.
    fn accept_effects(&self, effects: &[(PinKey, Effect)], by: &str) -> Result<(), StoreError>;

    /// Takes the acceptance back.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn withdraw_effect(&self, key: &PinKey) -> Result<(), StoreError>;
}
