//! The words Portcullis uses, as types.
//!
//! Pure data: no I/O, no clock, no randomness. Every other room knows this one; it knows none.

mod access;
mod masks;
pub mod money;
mod name;
mod principal;
mod refusal;
mod secret;
mod secrets;
mod time;

pub use access::{Action, Effect, Verdict};
pub use masks::{Masks, Noting};
pub use name::{ExposedName, NameError, SourceName, expose};
pub use principal::{Credential, Principal, PrincipalId, Role, Scopes, TenantId};
pub use refusal::{Code, Fault, Refusal};
pub use secret::Secret;
pub use secrets::{Given, NoSecret, NoVault, SecretName, Secrets, Template, Usage};
pub use time::Timestamp;
