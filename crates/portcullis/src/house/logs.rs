use std::io::{IsTerminal as _, stderr};

use tracing_subscriber::filter::LevelFilter;

use crate::config::{Log, LogFormat, LogLevel};

/// Sends log lines to standard error: for people on a terminal, as JSON otherwise.
pub fn start_logs(log: Log) {
    let level = match log.level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    let terminal = stderr().is_terminal();
    let human = match log.format {
        LogFormat::Auto => terminal,
        LogFormat::Human => true,
        LogFormat::Json => false,
    };
    let lines = tracing_subscriber::fmt().with_max_level(level).with_writer(stderr);
    // A second start in one process (tests, the demonstration) keeps the first.
    let _ = if human {
        lines.with_ansi(terminal).with_target(false).compact().try_init()
    } else {
        lines.json().flatten_event(true).try_init()
    };
}
