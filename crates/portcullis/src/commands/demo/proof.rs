use std::path::Path;

use anyhow::Context as _;

use crate::say;
use crate::table::Table;

/// Shows what the log says of the play.
pub fn records(folder: &Path) -> anyhow::Result<()> {
    say::line("\nEvery call has its record, refused ones too:");
    let mut table = Table::new(&["  SEQ", "WHO", "WHAT", "OUTCOME", "WHY"]);
    for stored in journal::records(&audit(folder), 1)? {
        let e = stored?.entry;
        if !matches!(e.kind.as_str(), "call" | "auth" | "pin") {
            continue;
        }
        table.row([
            format!("  {}", e.seq),
            e.principal.unwrap_or_else(|| "-".to_owned()),
            e.tool.or(e.source).unwrap_or(e.kind),
            e.outcome.unwrap_or_default(),
            e.code.or(e.note).unwrap_or_default(),
        ]);
    }
    say::text(table);
    Ok(())
}

/// Verifies the closed log, and shows that a change of one byte in a copy of it is found.
pub fn verify(folder: &Path) -> anyhow::Result<bool> {
    let report = journal::verify(&audit(folder), None, None)?;
    let whole = report.is_ok() && report.unsigned_tail() == 0;
    say::line(format_args!(
        "\n{} The log is verified: {} records, all under a signed checkpoint",
        mark(whole),
        report.size
    ));
    let copy = folder.join("changed");
    let record = change_one_byte(&audit(folder), &copy)?;
    let report = journal::verify(&copy, None, None)?;
    let found = !report.is_ok();
    say::line(format_args!(
        "{} In a copy, one letter of record {record} is changed: found",
        mark(found)
    ));
    for problem in report.problems.iter().take(1) {
        say::line(format_args!("    {}", problem.reason));
    }
    Ok(whole && found)
}

const fn mark(good: bool) -> &'static str {
    if good { "✓" } else { "✗" }
}

fn audit(folder: &Path) -> std::path::PathBuf {
    folder.join(".portcullis").join("audit")
}

/// Copies the log and makes `refused` `Refused` in the first record that says it; the number of the record.
fn change_one_byte(from: &Path, to: &Path) -> anyhow::Result<usize> {
    std::fs::create_dir(to)?;
    let mut changed = None;
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        let name = path.file_name().context("a file without a name")?;
        let mut bytes = std::fs::read(&path)?;
        if path.extension().is_some_and(|e| e == "jsonl")
            && let Some(at) = bytes.windows(9).position(|w| w == b"\"refused\"")
        {
            changed = Some(bytes[..at].split(|b| *b == b'\n').count());
            bytes[at + 1] = b'R';
        }
        std::fs::write(to.join(name), bytes)?;
    }
    changed.context("no record says that anything was refused")
}
