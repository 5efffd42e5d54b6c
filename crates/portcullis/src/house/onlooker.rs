use std::sync::Arc;

use model::{Effect, Timestamp};
use store::{
    AcceptedEffect, ApiKeyRow, ApprovalRow, Approvals, Effects, Keys, NewPin, Pin, PinKey, PinSet,
    Pins, Reset, SqliteStore, Store, StoreError, Version,
};

/// A store that is read and never changed: for commands that only look. What a gate would write on the way is taken
/// and forgotten.
pub struct Onlooker(pub Arc<SqliteStore>);

fn looking<T>() -> Result<T, StoreError> {
    Err(StoreError::Invalid("this command only looks".to_owned()))
}

impl Keys for Onlooker {
    fn keys(&self) -> Result<Vec<ApiKeyRow>, StoreError> {
        self.0.keys()
    }

    fn insert_key(&self, _: &ApiKeyRow) -> Result<(), StoreError> {
        looking()
    }

    fn revoke_key(&self, _: &str) -> Result<(), StoreError> {
        looking()
    }

    fn rotate_key(&self, _: &str, _: &ApiKeyRow, _: Timestamp) -> Result<(), StoreError> {
        looking()
    }
}

impl Pins for Onlooker {
    fn pinned_sources(&self) -> Result<Vec<String>, StoreError> {
        self.0.pinned_sources()
    }

    fn pins(&self, source: &str) -> Result<Option<PinSet>, StoreError> {
        self.0.pins(source)
    }

    fn first_contact(&self, _: &str, _: &[NewPin]) -> Result<(), StoreError> {
        Ok(())
    }

    fn quarantine(&self, _: &str, _: &[NewPin]) -> Result<(), StoreError> {
        Ok(())
    }

    fn clear_pending(&self, _: &PinKey) -> Result<bool, StoreError> {
        Ok(false)
    }

    fn accept(&self, _: &PinKey, _: &str, _: &str) -> Result<Pin, StoreError> {
        looking()
    }

    fn reject(&self, _: &PinKey, _: &str, _: &str) -> Result<(), StoreError> {
        looking()
    }
}

impl Effects for Onlooker {
    fn effects(&self, source: &str) -> Result<Vec<AcceptedEffect>, StoreError> {
        self.0.effects(source)
    }

    fn accept_effects(&self, _: &[(PinKey, Effect)], _: &str) -> Result<(), StoreError> {
        looking()
    }

    fn withdraw_effect(&self, _: &PinKey) -> Result<(), StoreError> {
        looking()
    }
}

impl Approvals for Onlooker {
    fn approvals(&self) -> Result<Vec<ApprovalRow>, StoreError> {
        self.0.approvals()
    }

    fn change_approvals(
        &self,
        _: &mut dyn FnMut(&mut Vec<ApprovalRow>, Timestamp),
    ) -> Result<(), StoreError> {
        looking()
    }
}

impl Store for Onlooker {
    fn version(&self) -> Result<Version, StoreError> {
        self.0.version()
    }

    fn reset(&self, _: Reset<'_>) -> Result<(), StoreError> {
        looking()
    }
}
