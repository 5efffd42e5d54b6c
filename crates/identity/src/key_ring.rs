use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use model::{Code, Credential, Principal, Refusal, Scopes, Timestamp};
use subtle::ConstantTimeEq;
use thiserror::Error;

use crate::api_key::{ApiKey, ID_LEN, hash, key_id, split};
use crate::ids::{IdError, principal_id, tenant_id};

/// Every API key of an installation, as it was when the ring was made. Immutable: to change it, put another in its
/// place.
///
/// A ring that could not be loaded is [`KeyRing::unavailable`], not empty: callers are told to come back, and the
/// operator sees why.
pub struct KeyRing {
    /// `None`: the keys could not be read.
    keys: Option<HashMap<[u8; ID_LEN], Entry>>,
}

struct Entry {
    hash: [u8; 32],
    principal: Arc<Principal>,
    revoked: bool,
    /// Refused from these moments on, in milliseconds since the epoch.
    expires: u64,
    overlap_until: u64,
}

/// A row that cannot be a key. Nothing is loaded when there is one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyRingError {
    /// The id has another form than ours.
    #[error("the API key {0:?} has no lawful id")]
    Id(String),
    /// Two rows have the same id.
    #[error("the API key {0} is there twice")]
    Twice(String),
    /// Its principal or tenant is not lawful.
    #[error("the API key {key}: {error}")]
    Owner {
        /// Id of the key.
        key: String,
        /// What is wrong.
        error: IdError,
    },
}

impl KeyRing {
    /// Takes every key there is, revoked and expired ones too: their use is recorded by name.
    pub fn new(rows: impl IntoIterator<Item = ApiKey>) -> Result<Self, KeyRingError> {
        let mut keys = HashMap::new();
        for row in rows {
            let id = key_id(&row.id).ok_or_else(|| KeyRingError::Id(row.id.clone()))?;
            if keys.insert(id, Entry::new(&row)?).is_some() {
                return Err(KeyRingError::Twice(row.id));
            }
        }
        Ok(Self { keys: Some(keys) })
    }

    /// The ring of an installation whose keys cannot be read: nobody gets in.
    pub const fn unavailable() -> Self {
        Self { keys: None }
    }

    /// Whom `presented` proves at `now`.
    ///
    /// Costs one SHA-256 and allocates nothing. The time it takes depends neither on how much of the key was right
    /// (hashes are compared in constant time) nor on whether its id exists (an unknown one is compared with a dummy).
    ///
    /// # Errors
    /// It proves nobody. The outside learns no more than that.
    pub fn authenticate(
        &self,
        presented: &str,
        now: Timestamp,
    ) -> Result<Arc<Principal>, AuthError> {
        let keys = self.keys.as_ref().ok_or(AuthError(AuthFault::Unavailable))?;
        let (id, secret) = split(presented).ok_or(AuthError(AuthFault::Malformed))?;
        let entry = keys.get(&id);
        let expected = entry.map_or(&[0; 32], |e| &e.hash);
        let equal = bool::from(hash(secret.as_bytes()).ct_eq(expected));
        let Some(entry) = entry else { return Err(AuthError(AuthFault::UnknownKey)) };
        if !equal {
            return Err(AuthError(AuthFault::WrongSecret));
        }
        entry.check(now).map_err(AuthError)?;
        Ok(Arc::clone(&entry.principal))
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = self.keys.as_ref().map(HashMap::len);
        f.debug_struct("KeyRing").field("len", &len).finish_non_exhaustive()
    }
}

impl Entry {
    fn new(row: &ApiKey) -> Result<Self, KeyRingError> {
        let owner = |error| KeyRingError::Owner { key: row.id.clone(), error };
        let principal = Principal {
            id: principal_id(row.principal.as_str()).map_err(owner)?,
            tenant: tenant_id(row.tenant.as_str()).map_err(owner)?,
            role: row.role,
            scopes: Scopes::new(row.scopes.iter().cloned()),
            credential: Credential::ApiKey(Arc::from(row.id.as_str())),
        };
        let end = |moment: Option<Timestamp>| moment.map_or(u64::MAX, Timestamp::as_millis);
        Ok(Self {
            hash: row.hash,
            principal: Arc::new(principal),
            revoked: row.revoked.is_some(),
            expires: end(row.expires),
            overlap_until: end(row.overlap_until),
        })
    }

    const fn check(&self, now: Timestamp) -> Result<(), AuthFault> {
        if self.revoked {
            Err(AuthFault::Revoked)
        } else if now.as_millis() >= self.expires {
            Err(AuthFault::Expired)
        } else if now.as_millis() >= self.overlap_until {
            Err(AuthFault::Rotated)
        } else {
            Ok(())
        }
    }
}

/// Why a key proves nobody. For the record; see [`AuthError::refusal`] for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthFault {
    /// It has not the form of a key.
    Malformed,
    /// There is no key of that id.
    UnknownKey,
    /// There is, and its secret is another.
    WrongSecret,
    /// It was revoked.
    Revoked,
    /// Its time is over.
    Expired,
    /// It was replaced, and the overlap is over.
    Rotated,
    /// The keys of the installation cannot be read.
    Unavailable,
}

impl AuthFault {
    /// The name used in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed_key",
            Self::UnknownKey => "unknown_key",
            Self::WrongSecret => "wrong_secret",
            Self::Revoked => "revoked_key",
            Self::Expired => "expired_key",
            Self::Rotated => "rotated_key",
            Self::Unavailable => "keys_unavailable",
        }
    }
}

/// A key proves nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{}", .0.as_str())]
pub struct AuthError(AuthFault);

impl AuthError {
    /// Why, for the record.
    pub const fn fault(self) -> AuthFault {
        self.0
    }

    /// What the caller is told: the same for every key that proves nobody, and "come back" if the keys cannot be read.
    pub fn refusal(self) -> Refusal {
        match self.0 {
            AuthFault::Unavailable => {
                Refusal::new(Code::StoreUnavailable, "API keys cannot be checked at the moment")
            }
            _ => Refusal::new(Code::Unauthenticated, "no valid API key was presented"),
        }
        .detail(self.0.as_str())
    }
}
