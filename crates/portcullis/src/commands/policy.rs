use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use model::{Action, Effect, SourceName, Timestamp};
use policy::{Case, Request, Target};

use super::look;
use crate::cli::{PolicyCommand, Who};
use crate::config;
use crate::house::policies;
use crate::say;

/// Checks, tests or questions the policies of a configuration.
pub fn run(command: PolicyCommand) -> anyhow::Result<ExitCode> {
    match command {
        PolicyCommand::Check(file) => {
            let set = policies(&config::load(&file.config)?, 1)?;
            say::line(format_args!("{} policies, all good", set.len()));
            Ok(ExitCode::SUCCESS)
        }
        PolicyCommand::Test { file, cases } => test(&file.config, &cases),
        PolicyCommand::Explain { file, who, source, tool, effect, args } => {
            explain(&file.config, &who, &source, &tool, effect, &args)
        }
    }
}

fn test(config: &Path, cases: &Path) -> anyhow::Result<ExitCode> {
    let set = policies(&config::load(config)?, 1)?;
    let text = std::fs::read_to_string(cases)
        .with_context(|| format!("{} cannot be read", cases.display()))?;
    let (mut passed, mut failed) = (0_usize, 0_usize);
    for (n, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
        let result = serde_json::from_str::<Case>(line).map(|case| set.test(&case));
        let (good, reason) = match result {
            Ok(result) => (result.passed, result.reason),
            Err(e) => (false, format!("no case: {e}")),
        };
        if good {
            passed += 1;
        } else {
            failed += 1;
            say::line(format_args!("✗ {}:{}: {reason}", cases.display(), n + 1));
        }
    }
    say::line(format_args!("{passed} passed, {failed} failed"));
    Ok(ExitCode::from(u8::from(failed > 0 || passed == 0)))
}

fn explain(
    config: &Path,
    who: &Who,
    source: &str,
    tool: &str,
    effect: Option<Effect>,
    arguments: &str,
) -> anyhow::Result<ExitCode> {
    let loaded = config::load(config)?;
    let set = policies(&loaded, 1)?;
    let principal = look::principal(who)?;
    let source = SourceName::new(source)?;
    let own = tool.strip_prefix(&format!("{source}__")).unwrap_or(tool);
    let explanation = set.explain(&Request {
        principal: &principal,
        action: Action::Call,
        target: Target {
            source: &source,
            name: tool,
            upstream_name: own,
            effect: effect.unwrap_or(Effect::Destructive),
            effect_accepted: effect.is_some(),
        },
        arguments: Some(arguments.as_bytes()),
        now: Timestamp(ambient::Clock::system().now_millis()),
    });
    say::line(audit::terminal_safe(&explanation.to_string()).replace("\\u000a", "\n"));
    let allowed = explanation.verdict.as_str() == "allow";
    if !allowed && !explanation.refused_by_tenant {
        say::line(format_args!(
            "to allow: {}",
            policy::allow_line(principal.id.as_str(), Action::Call, tool)
        ));
    }
    Ok(ExitCode::from(u8::from(!allowed)))
}
