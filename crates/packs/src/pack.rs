use model::SourceName;
use serde::Deserialize;

use crate::manifest::Written;
use crate::texts;
use crate::{Code, Digest, Files, Manifest, PackError};

/// The file with name, version, summary and manifest.
pub const MANIFEST_FILE: &str = "pack.toml";
/// The file with the source, as it would stand in a configuration.
pub const SOURCE_FILE: &str = "source.toml";
/// The file with the policy about the source.
pub const POLICY_FILE: &str = "policy.cedar";

/// One pack, read and checked as far as it can be without a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    /// Its name: that of its source, unless the operator gives another.
    pub name: SourceName,
    /// Its version, for people: what counts is the digest.
    pub version: String,
    /// What it is, in a line.
    pub summary: String,
    /// What it may reach.
    pub manifest: Manifest,
    /// What it is known by.
    pub digest: Digest,
    files: Files,
}

/// `pack.toml` as it is written.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Head {
    name: String,
    version: String,
    summary: String,
    manifest: Written,
}

impl Pack {
    /// Reads a pack.
    ///
    /// # Errors
    /// A file is missing or cannot be read, or the manifest says something that cannot be.
    pub fn read(files: Files) -> Result<Self, PackError> {
        let head = files.text(MANIFEST_FILE)?;
        let head: Head = toml::from_str(head).map_err(|e| {
            let line = e.span().map_or(1, |span| line_of(head, span.start));
            let message = format!("{MANIFEST_FILE}:{line}: {}", e.message().trim_end());
            PackError::new(Code::Text, message)
        })?;
        let Head { name, version, summary, manifest } = head;
        let name = SourceName::new(&name)
            .map_err(|e| PackError::new(Code::Manifest, format!("{MANIFEST_FILE}: {e}")))?;
        texts::line("version", &version, 32)?;
        texts::line("summary", &summary, 200)?;
        files.text(SOURCE_FILE)?;
        for (file, _) in files.iter() {
            let own = matches!(file, MANIFEST_FILE | SOURCE_FILE | POLICY_FILE);
            let kind = file.rsplit_once('.').map_or("", |(_, kind)| kind);
            if !own && matches!(kind, "toml" | "cedar") {
                let message = format!(
                    "`{file}` would be read by nobody: a pack has `{MANIFEST_FILE}`, `{SOURCE_FILE}` and `{POLICY_FILE}`"
                );
                return Err(PackError::new(Code::File, message));
            }
        }
        if files.get(POLICY_FILE).is_some() {
            files.text(POLICY_FILE)?;
        }
        let manifest = Manifest::read(manifest)?;
        let digest = Digest::of(&files);
        Ok(Self { name, version, summary, manifest, digest, files })
    }

    /// Its source, as it would stand in a configuration, without a name.
    pub fn source(&self) -> &str {
        self.files.text(SOURCE_FILE).unwrap_or_default()
    }

    /// Its policy, about a source that is called `name`: the name of the pack is written in it, and stands for the source.
    pub fn policy(&self, name: &SourceName) -> Option<String> {
        let text = self.files.text(POLICY_FILE).ok()?;
        let (own, new) = (self.name.as_str(), name.as_str());
        let source = text.replace(&format!("Source::\"{own}\""), &format!("Source::\"{new}\""));
        Some(source.replace(&format!("@id(\"{own}/"), &format!("@id(\"{new}/")))
    }

    /// Its files.
    pub const fn files(&self) -> &Files {
        &self.files
    }

    /// Whether this is what was approved. `approved` is what the configuration says, `before` the pack that was approved
    /// where that is still known.
    ///
    /// # Errors
    /// Nobody approved it, or it was another.
    pub fn held_to(
        &self,
        approved: Option<Digest>,
        before: impl FnOnce(Digest) -> Option<Self>,
    ) -> Result<(), PackError> {
        let Self { name, version, digest, .. } = self;
        let Some(approved) = approved else {
            let message = format!(
                "the pack `{name}` {version} is not approved: read what it would be granted with `portcullis pack show`, then set `approved = \"{digest}\"`"
            );
            return Err(PackError::new(Code::NotApproved, message));
        };
        if approved == *digest {
            return Ok(());
        }
        let changes = before(approved).map_or_else(
            || "what was approved is not known any more".to_owned(),
            |before| crate::changes(&before, self).join("; "),
        );
        let message = format!(
            "the pack `{name}` is not the one that was approved: {changes}; read it with `portcullis pack show`, then set `approved = \"{digest}\"`"
        );
        Err(PackError::new(Code::Changed, message))
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}
