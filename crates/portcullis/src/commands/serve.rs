use std::path::Path;
use std::process::ExitCode;

use tokio::runtime::{Builder, Runtime};

use crate::config::{self, Config};
use crate::house::{Live, asked_to_end, start_logs};
use crate::say;

/// Runs the gate until it is asked to end.
pub fn run(path: &Path) -> anyhow::Result<ExitCode> {
    let loaded = config::load(path)?;
    start_logs(loaded.config.log);
    runtime(&loaded.config)?.block_on(async {
        let live = Live::open(loaded).await?;
        let end = asked_to_end()?;
        say::line(format_args!("listening on {}", live.url()?));
        if let Some(admin) = live.admin() {
            say::line(format_args!("health and metrics on {admin}: /healthz /readyz /metrics"));
        }
        live.run(end).await
    })?;
    Ok(ExitCode::SUCCESS)
}

/// As many threads as the machine has processors, or as the configuration says. With one, everything runs on the
/// calling thread: waking another costs more than a call itself does.
pub fn runtime(config: &Config) -> std::io::Result<Runtime> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = config.server.threads.unwrap_or(processors).clamp(1, 256);
    if threads == 1 {
        Builder::new_current_thread().enable_all().build()
    } else {
        Builder::new_multi_thread().worker_threads(threads).enable_all().build()
    }
}

/// One thread is enough for a command that looks.
pub fn small_runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}
