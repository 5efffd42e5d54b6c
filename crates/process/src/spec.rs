use std::path::PathBuf;

use model::{Secret, SourceName};

use crate::interpreters;
use crate::{Confine, SpawnError};

/// What to start, as the operator configured it.
pub struct Spec {
    /// Whose program this is: named in logs, counted in caps.
    pub source: SourceName,
    /// The program and its arguments, handed over exactly so: no shell ever sees them. The program is an absolute path,
    /// or a bare name that is looked up in `PATH`.
    pub command: Vec<String>,
    /// Variables besides [`crate::INHERITED`]; they win over those.
    pub env: Vec<(String, Secret<String>)>,
    /// The working directory: absolute.
    pub dir: PathBuf,
    /// What it may reach.
    pub confine: Confine,
}

impl Spec {
    /// Refuses what can be refused without looking at the machine.
    ///
    /// # Errors
    /// The first thing that is wrong, said so that the operator can mend it.
    pub fn check(&self) -> Result<(), SpawnError> {
        if self.command.first().is_none_or(String::is_empty) {
            return Err(SpawnError::Empty);
        }
        if self.command.iter().any(|a| a.contains('\0')) {
            return Err(SpawnError::Nul { what: "command".to_owned() });
        }
        for (name, value) in &self.env {
            if name.is_empty() || name.contains(['=', '\0']) {
                return Err(SpawnError::VariableName { name: name.clone() });
            }
            if value.reveal().contains('\0') {
                return Err(SpawnError::Nul { what: format!("variable {name}") });
            }
        }
        if !self.dir.is_absolute() {
            return Err(SpawnError::Directory { dir: self.dir.clone() });
        }
        interpreters::check(&self.command)
    }
}
