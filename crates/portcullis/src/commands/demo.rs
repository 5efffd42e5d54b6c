use std::process::ExitCode;

use crate::cli::{Demo, DemoServer};

/// Shows the gate at work.
pub fn run(_command: &Demo) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not here yet")
}

/// One of the servers of the demonstration.
pub fn server(_server: DemoServer) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not here yet")
}
