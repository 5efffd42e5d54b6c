use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use audit::{Verifier, parse_rfc3339};
use journal::{Filter, Format, ReadError, Stored};
use model::Timestamp;
use serde_json::json;

use crate::cli::{AuditCommand, ExportFormat, Wanted};
use crate::config;
use crate::house::audit_dir;
use crate::say;
use crate::table::Table;

/// Reads and verifies the log. Needs no lock: it works while the gate runs.
pub fn run(command: AuditCommand) -> anyhow::Result<ExitCode> {
    let dir = |file: &crate::cli::ConfigFile| config::load(&file.config).map(|l| audit_dir(&l));
    match command {
        AuditCommand::Tail { file, count, tenant: None, json } => {
            show(journal::tail(&dir(&file)?, count)?, json)?;
        }
        AuditCommand::Tail { file, count, tenant, json } => {
            let filter = Filter { tenant, ..Filter::default() };
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            let found = journal::last(&dir(&file)?, filter, count)?;
            show(found.into_iter().map(Ok), json)?;
        }
        AuditCommand::Search { file, search, json } => {
            show(journal::search(&dir(&file)?, filter(&search)?)?, json)?;
        }
        AuditCommand::Verify { file, against, key, json } => {
            return verify(&dir(&file)?, against.as_deref(), key.as_deref(), json);
        }
        AuditCommand::Prove { file, seq, json } => {
            let proof = journal::prove(&dir(&file)?, seq)?;
            say::text(if json { format!("{}\n", proof.json()) } else { proof.text() });
        }
        AuditCommand::Export { file, format, search } => {
            let format = match format {
                ExportFormat::Jsonl => Format::JsonLines,
                ExportFormat::Ocsf => Format::Ocsf,
                ExportFormat::Cef => Format::Cef,
            };
            let mut out = std::io::stdout().lock();
            journal::export(&dir(&file)?, filter(&search)?, format, &mut out)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn filter(search: &Wanted) -> anyhow::Result<Filter> {
    let moment = |text: &Option<String>| -> anyhow::Result<Option<Timestamp>> {
        let Some(text) = text else { return Ok(None) };
        let wrong = || format!("`{text}` is no moment: write 2026-11-21 or 2026-11-21T10:00:00Z");
        parse_rfc3339(text).with_context(wrong).map(Some)
    };
    Ok(Filter {
        principal: search.principal.clone(),
        tenant: search.tenant.clone(),
        tool: search.tool.clone(),
        source: search.source.clone(),
        outcome: search.outcome.clone(),
        code: search.code.clone(),
        since: moment(&search.since)?,
        until: moment(&search.until)?,
    })
}

fn show(
    records: impl Iterator<Item = Result<Stored, ReadError>>,
    json: bool,
) -> anyhow::Result<()> {
    let mut table =
        Table::new(&["SEQ", "TIME", "KIND", "PRINCIPAL", "TENANT", "WHAT", "OUTCOME", "WHY", "MS"]);
    for stored in records {
        let stored = stored?;
        if json {
            say::line(&stored.line);
            continue;
        }
        let e = stored.entry;
        let why = [e.code, e.rule.filter(|_| e.verdict.as_deref() != Some("allow")), e.note];
        table.row([
            e.seq.to_string(),
            e.time,
            e.kind,
            e.principal.unwrap_or_default(),
            e.tenant.unwrap_or_default(),
            e.tool.or(e.source).unwrap_or_default(),
            e.outcome.unwrap_or_default(),
            why.into_iter().flatten().collect::<Vec<_>>().join(" "),
            e.duration_us
                .map(|us| format!("{}.{}", us / 1000, us % 1000 / 100))
                .unwrap_or_default(),
        ]);
    }
    if !json {
        table.leave_out("TENANT", |tenant| tenant.is_empty() || tenant == "default");
        say::text(table);
    }
    Ok(())
}

fn verify(
    dir: &Path,
    against: Option<&Path>,
    key: Option<&str>,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let kept = against.map(|path| {
        std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
    });
    let kept = kept.transpose()?;
    let pinned = key.map(Verifier::parse).transpose()?;
    let report = journal::verify(dir, kept.as_deref(), pinned.as_ref())?;
    if json {
        let problems: Vec<_> = report
            .problems
            .iter()
            .map(|p| json!({ "record": p.record, "reason": p.reason }))
            .collect();
        say::line(json!({
            "ok": report.is_ok(), "first": report.first, "size": report.size, "root": report.root,
            "signed": report.signed, "unsigned_tail": report.unsigned_tail(), "torn_bytes": report.torn_bytes,
            "checkpoints": report.checkpoints, "vkey": report.vkey, "problems": problems,
        }));
        return Ok(ExitCode::from(u8::from(!report.is_ok())));
    }
    for problem in &report.problems {
        let at = problem.record.map(|r| format!("record {r}: ")).unwrap_or_default();
        say::line(format_args!("✗ {at}{}", problem.reason));
    }
    if report.is_ok() {
        say::line(format_args!(
            "✓ records {} to {} are as they were written; {} of them under {} signed checkpoints",
            report.first, report.size, report.signed, report.checkpoints
        ));
    }
    if report.unsigned_tail() > 0 {
        say::line(format_args!("  the last {} are not signed yet", report.unsigned_tail()));
    }
    if report.torn_bytes > 0 {
        say::line(format_args!("  {} bytes after them are no whole record", report.torn_bytes));
    }
    say::line(format_args!("  root {}", report.root));
    say::line(format_args!("  key  {}", report.vkey));
    Ok(ExitCode::from(u8::from(!report.is_ok())))
}
