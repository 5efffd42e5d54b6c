//! Stands in for the product's binary in this crate's tests.
//!
//! As a supervisor it is what the product is. As `gate PROGRAM ARGS...` it starts the program, prints the program's
//! process id, and waits to be killed.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use ambient::Clock;
use model::SourceName;
use process::{Caps, Confine, Launcher, Spec};

fn main() -> ExitCode {
    if let Some(status) = process::take_over(std::env::args_os()) {
        return status;
    }
    let command: Vec<String> = std::env::args().skip(2).collect();
    match gate(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn gate(command: Vec<String>) -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let source = SourceName::new("tested")?;
        let spec =
            Spec { source, command, env: Vec::new(), dir: "/".into(), confine: Confine::default() };
        let mut child = Launcher::new(Caps::default(), Clock::system()).spawn(&spec).await?;
        writeln!(std::io::stdout(), "{}", child.handle.pid())?;
        // Whatever the program says, for the test to see.
        while let Some(line) = child.stdout.next().await? {
            writeln!(std::io::stdout(), "{}", String::from_utf8_lossy(&line))?;
        }
        tokio::time::sleep(Duration::from_mins(10)).await;
        Ok(())
    })
}
