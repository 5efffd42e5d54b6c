use model::{PrincipalId, Role, TenantId, Timestamp};

use crate::StoreError;

/// What is kept of an API key: everything but its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRow {
    /// Names the key.
    pub id: String,
    /// Whom it proves.
    pub principal: PrincipalId,
    /// Whom the principal belongs to.
    pub tenant: TenantId,
    /// What the principal is to the gate.
    pub role: Role,
    /// What the key is limited to. No scope is empty or holds white space.
    pub scopes: Vec<String>,
    /// SHA-256 of its secret part.
    pub hash: [u8; 32],
    /// When it was made.
    pub created: Timestamp,
    /// From when on it is refused.
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
    /// The key that took its place.
    pub replaced_by: Option<String>,
    /// Until when it is still good beside that one.
    pub overlap_until: Option<Timestamp>,
    /// The operator's words.
    pub note: String,
}

/// API keys.
pub trait Keys {
    /// Every key, the revoked and expired ones too, oldest first.
    fn keys(&self) -> Result<Vec<ApiKeyRow>, StoreError>;

    /// Puts a new key in.
    ///
    /// # Errors
    /// [`StoreError::Exists`] if its id is taken.
    fn insert_key(&self, key: &ApiKeyRow) -> Result<(), StoreError>;

    /// Revokes a key now. One that is revoked already keeps its first moment.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn revoke_key(&self, id: &str) -> Result<(), StoreError>;

    /// Puts `new` in and lets the key `old` be good until `overlap_until`, in one step.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Invalid`] if `old` was revoked or replaced before, or the two keys are
    /// not of the same principal and tenant.
    fn rotate_key(
        &self,
        old: &str,
        new: &ApiKeyRow,
        overlap_until: Timestamp,
    ) -> Result<(), StoreError>;
}
