//! One file a command.

mod approvals;
mod audit;
mod budget;
mod check;
mod demo;
mod doctor;
mod explain;
mod explain_payment;
mod explain_recording;
mod explain_request;
mod explain_url;
mod import;
mod keys;
mod ledger;
mod look;
mod pack;
mod pins;
mod policy;
mod serve;
mod stdio;
mod tools;
mod vault;
mod wallet;

use std::process::ExitCode;

use crate::cli::{Cli, Command, ConfigCommand, Explain};
use crate::{config, say};

/// Does what was asked.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Serve(file) => serve::run(&file.config),
        Command::Stdio(file) => stdio::run(&file.config),
        Command::Import(import) => import::run(&import),
        Command::Check(file) => check::run(&file.config),
        Command::Doctor(doctor) => doctor::run(&doctor),
        Command::Tools(tools) => tools::run(&tools),
        Command::Explain(Explain::Call(call)) => explain::run(&call),
        Command::Explain(Explain::Url(url)) => explain_url::run(&url),
        Command::Explain(Explain::Request(request)) => explain_request::run(&request),
        Command::Explain(Explain::Payment(own)) => explain_payment::run(&own),
        Command::Explain(Explain::Recording(own)) => explain_recording::run(&own),
        Command::Policy(command) => policy::run(command),
        Command::Keys(command) => keys::run(command),
        Command::Vault(command) => vault::run(command),
        Command::Pack(command) => pack::run(command),
        Command::Pins(command) => pins::run(command),
        Command::Approvals(command) => approvals::run(command),
        Command::Ledger(command) => ledger::run(command),
        Command::Budget(command) => budget::run(command),
        Command::Wallet(command) => wallet::run(command),
        Command::Pause(pause) => budget::pause(&pause),
        Command::Resume(pause) => budget::resume(&pause),
        Command::Audit(command) => audit::run(command),
        Command::Demo(demo) => demo::run(&demo),
        Command::DemoServer(server) => demo::server(server),
        Command::Config(ConfigCommand::Schema) => {
            say::text(config::schema());
            Ok(ExitCode::SUCCESS)
        }
        Command::Config(ConfigCommand::Show(file)) => {
            say::text(config::show(&config::load(&file.config)?));
            Ok(ExitCode::SUCCESS)
        }
    }
}
