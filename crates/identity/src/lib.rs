//! Who is calling: API keys, the local user, sealed tokens, and how often each may ask.
//!
//! Nothing here knows SQL, HTTP or the catalogue. Rows of keys come in as plain [`ApiKey`] values, header values as
//! bytes, time as numbers; what goes out is an [`Arc`](std::sync::Arc) of a [`Principal`](model::Principal) or a no.
//!
//! - [`Installation`]: the one key file of an installation, and the keys derived from it
//! - [`Sealer`], [`SessionToken`]: state that rides with the client, sealed
//! - [`presented`], [`KeyRing`], [`new_key`]: API keys
//! - [`Limiter`], [`Concurrency`], [`FailedLogins`]: how often, and how many at once

mod api_key;
mod concurrency;
mod failed_logins;
mod gcra;
mod ids;
mod installation;
mod key_file;
mod key_ring;
mod limiter;
mod local;
mod presented;
mod seal;
mod session;
mod table;
mod window;

#[cfg(test)]
mod installation_tests;
#[cfg(test)]
mod key_ring_tests;
#[cfg(test)]
mod seal_tests;
#[cfg(test)]
mod session_tests;
#[cfg(test)]
mod window_tests;

pub use api_key::{ApiKey, Grant, NewKey, new_key};
pub use concurrency::{Concurrency, Permit};
pub use failed_logins::FailedLogins;
pub use gcra::Gcra;
pub use ids::{IdError, MAX_ID, principal_id, tenant_id};
pub use installation::{Fingerprint, Installation, InstallationError};
pub use key_ring::{AuthError, AuthFault, KeyRing, KeyRingError};
pub use limiter::Limiter;
pub use local::{anonymous_principal, local_principal};
pub use presented::{Presented, presented};
pub use seal::{Purpose, SealError, Sealer};
pub use session::{MAX_SESSION_TOKEN, NoSession, SessionFault, SessionToken};
pub use window::{Rate, Window};
