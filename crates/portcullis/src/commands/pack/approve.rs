use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use packs::Digest;

use super::card::Card;
use super::find::find;
use super::show::people;
use crate::cli::ApprovePack;
use crate::config::place::locate;
use crate::config::{self, Loaded};
use crate::say;

/// Shows what approving a pack of the configuration grants, and approves it where that is asked for.
pub fn run(command: &ApprovePack) -> anyhow::Result<ExitCode> {
    let path = &command.file.config;
    let loaded = config::load_written(path)?;
    if !loaded.config.packs.contains_key(&command.pack) {
        bail!(
            "the configuration has no [packs.{0}]: `portcullis pack show {0}` prints the lines that install one",
            command.pack
        );
    }
    let card = Card::new(find(&command.pack, &loaded)?, &loaded)?;
    let digest = card.pack().digest;
    if command.json {
        let mut said = card.to_json();
        said["written"] = command.write.into();
        say::line(serde_json::to_string_pretty(&said)?);
    } else {
        people(&card);
        say::line(format_args!("\napproved = \"{digest}\""));
    }
    if command.write {
        write(path, &loaded, &command.pack, digest)?;
        config::keep(&loaded, card.pack()).context("no copy of the pack could be kept")?;
        say::note(format_args!("{}: `{}` is approved", path.display(), command.pack));
    } else if card.found.opened.approved != Some(digest) {
        say::note("nothing is written: say `--write`, or put the line into the configuration");
    }
    Ok(ExitCode::SUCCESS)
}

fn write(path: &Path, loaded: &Loaded, key: &str, digest: Digest) -> anyhow::Result<()> {
    let text = approved(&loaded.text, key, digest)
        .context("the line finds no place in the configuration: put it there yourself")?;
    if text == loaded.text {
        return Ok(());
    }
    replace(path, &text).with_context(|| format!("{} cannot be written", path.display()))
}

/// Writes a file whole or not at all, with the mode it had. A link stays one: what it leads to is written.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let path = path.canonicalize()?;
    let new = path.with_extension("toml.new");
    let mut options = std::fs::OpenOptions::new();
    // It may hold secrets: nobody else reads it meanwhile.
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.set_permissions(path.metadata()?.permissions())?;
    file.sync_all()?;
    std::fs::rename(new, path)
}

/// The text with this digest approved, everything else as it stands; `None` if that cannot be written so that it is read
/// back as meant.
fn approved(text: &str, key: &str, digest: Digest) -> Option<String> {
    let at = |name: &str| locate(text, &["packs".into(), key.into(), name.into()]);
    let line = format!("\"{digest}\"");
    let spliced = |range: std::ops::Range<usize>, with: &str| {
        format!("{}{with}{}", &text[..range.start], &text[range.end..])
    };
    let tries = if let Some(old) = at("approved") {
        vec![spliced(old.value, &line)]
    } else {
        let end = at("from")?.value.end;
        let rest = text[end..].find('\n').map_or(text.len(), |n| end + n);
        vec![
            spliced(rest..rest, &format!("\napproved = {line}")),
            spliced(end..end, &format!(", approved = {line}")),
        ]
    };
    let meant = |new: &String| {
        let read = |text: &str| config::read("x".as_ref(), text.to_owned()).ok();
        let (Some(old), Some(new)) = (read(text), read(new)) else { return false };
        let mut wanted = old.config;
        if let Some(entry) = wanted.packs.get_mut(key) {
            entry.approved = Some(digest.to_string());
        }
        wanted == new.config
    };
    tries.into_iter().find(meant)
}

#[cfg(test)]
mod tests {
    use packs::Files;

    use super::*;

    fn digest() -> Digest {
        Digest::of(&Files::default())
    }

    #[test]
    fn the_digest_is_written_where_it_belongs_and_nothing_else_changes() {
        let line = format!("approved = \"{}\"", digest());
        for (before, after) in [
            (
                "[packs.a]\nfrom = \"x\" # kept\nas = \"b\"\n",
                format!("[packs.a]\nfrom = \"x\" # kept\n{line}\nas = \"b\"\n"),
            ),
            ("[packs.a]\nfrom = \"x\"", format!("[packs.a]\nfrom = \"x\"\n{line}")),
            (
                "[packs]\na = { from = \"x\", as = \"b\" }\n",
                format!("[packs]\na = {{ from = \"x\", {line}, as = \"b\" }}\n"),
            ),
            ("packs.a.from = \"x\"\n[log]\n", String::new()),
            (
                "[packs.a]\napproved = 'sha256:old'\nfrom = \"x\"\n",
                format!("[packs.a]\n{line}\nfrom = \"x\"\n"),
            ),
        ] {
            let written = approved(before, "a", digest()).unwrap_or_default();
            assert_eq!(written, after, "{before}");
        }
        assert_eq!(approved("[packs.b]\nfrom = \"x\"\n", "a", digest()), None);
    }

    #[test]
    fn what_is_approved_already_stays_as_it_is() {
        let text = format!("[packs.a]\nfrom = \"x\"\napproved = \"{}\"\n", digest());
        assert_eq!(approved(&text, "a", digest()), Some(text));
    }

    #[test]
    fn a_file_keeps_its_mode_and_a_link_stays_a_link() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("real.toml"), dir.path().join("link.toml"));
        std::fs::write(&file, "old").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        replace(&link, "new").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left over");
    }
}
