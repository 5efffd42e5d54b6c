//! Putting the rooms together: from a configuration to a gate.

mod admin;
mod apis;
mod build;
mod changes;
mod descriptions;
mod doors;
mod exposition;
mod fetching;
mod hooks;
mod keys;
mod live;
mod logs;
mod onlooker;
mod pinned;
mod policies;
mod reload;
mod rules;
mod secrets;
mod sources;
mod state;

use admin::{AdminState, serve_admin};
pub use apis::api;
pub use build::{Built, build, launcher};
pub use doors::door;
pub use hooks::open_hooks;
pub use keys::{good, ring};
pub use live::{Live, asked_to_end, finish, record, watch_store};
pub use logs::start_logs;
pub use onlooker::Onlooker;
pub use pinned::{collisions, exposed};
pub use policies::{policies, policy_texts};
use reload::Reloader;
pub use reload::next_epoch;
pub use secrets::{client_name, key_source, vault_file};
pub use sources::{Ways, effect_key, servers};
pub use state::{House, JournalUse, audit_dir};
