use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use protocol::mcp::{Era, Level, Method};

use super::{Session, object};

/// The log level a legacy server was last set to.
#[derive(Debug, Default)]
pub(crate) struct Verbosity(AtomicU8);

impl Session {
    /// Makes a legacy server send messages from `level` on, if it sends fewer so far. It is never made quieter: other
    /// calls may want to hear more, and each filters for itself (a modern client names its level with each request).
    pub(crate) async fn hear_from(&self, level: Level, patience: Duration) {
        let now = Level::from_code(self.verbosity.0.load(Ordering::Relaxed));
        if now.is_none_or(|now| level < now) {
            // Apart: once a session, and large to carry room for with every call.
            Box::pin(self.set_level(level, patience)).await;
        }
    }

    /// Sets the level of a legacy server that has levels.
    pub(crate) async fn set_level(&self, level: Level, patience: Duration) {
        let logs = self.said.as_ref().is_some_and(|said| said.capabilities.logging);
        if self.era() != Era::Legacy || !logs {
            return;
        }
        // Noted whatever the server answers: to be asked again with every call would not make it comply.
        self.verbosity.0.store(level.code(), Ordering::Relaxed);
        let name = protocol::json::quote(level.as_str());
        let params = object([("level", name.as_bytes())]);
        match self.ask(Method::SetLevel, &params, patience).await {
            Ok(Ok(_)) => {}
            Ok(Err(e)) => tracing::debug!(code = e.code, "the server did not take a log level"),
            Err(fault) => tracing::debug!("the server did not take a log level: {fault}"),
        }
    }
}
