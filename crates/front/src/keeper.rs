use std::sync::Arc;
use std::time::Duration;

use crate::door::Door;

/// Ends sessions that nobody uses, and lets go of what nobody came back for, until the doors are closed.
pub(crate) async fn keep(door: Arc<Door>) {
    let limits = &door.base.limits;
    let shortest = limits.session_idle.min(limits.session_life).min(limits.resume);
    let every = (shortest / 4).clamp(Duration::from_millis(50), Duration::from_secs(15));
    let idle = u64::try_from(limits.session_idle.as_millis()).unwrap_or(u64::MAX);
    loop {
        tokio::time::sleep(every).await;
        let now = door.base.clock.now_millis();
        let ended = door.sessions.sweep(now, idle) + door.peers.sweep(now, idle);
        if ended > 0 {
            tracing::debug!(ended, "sessions ended that were not used any more");
        }
        door.sessions.each(|session| session.forget_replies(now));
    }
}
