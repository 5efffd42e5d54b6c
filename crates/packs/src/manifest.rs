use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::texts;
use crate::{Code, PackError, Place};

/// The methods a manifest can name.
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
/// Most entries of a list of the manifest.
const MOST: usize = 64;

/// Everything a pack may reach. What is not here is refused.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manifest {
    /// Hosts it may call, each at its port.
    pub hosts: BTreeSet<Place>,
    /// HTTP methods it may use there.
    pub methods: BTreeSet<String>,
    /// Secrets it asks for, and what each is for.
    pub secrets: BTreeMap<String, String>,
    /// Values that the operator chooses, and what each is for.
    pub settings: BTreeMap<String, String>,
    /// The program it starts.
    pub program: Option<Program>,
}

/// A program that a pack starts, and what that may reach.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Program {
    /// The program and its arguments; `${setting:NAME}` stands for a setting.
    pub command: Vec<String>,
    /// Names of the variables it gets, be they set for it or passed on from the gate's environment.
    #[serde(default)]
    pub env: Vec<String>,
    /// Files and folders it may read; `${setting:NAME}` stands for a setting.
    #[serde(default)]
    pub read: Vec<String>,
    /// Files and folders it may change, too.
    #[serde(default)]
    pub write: Vec<String>,
    /// Whether it may use the network.
    #[serde(default)]
    pub network: bool,
    /// Whether it may use local sockets.
    #[serde(default)]
    pub sockets: bool,
}

/// `[manifest]` as it is written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Written {
    #[serde(default)]
    hosts: Vec<String>,
    #[serde(default)]
    methods: Vec<String>,
    #[serde(default)]
    secrets: BTreeMap<String, String>,
    #[serde(default)]
    settings: BTreeMap<String, String>,
    program: Option<Program>,
}

fn wrong(message: impl Into<String>) -> PackError {
    PackError::new(Code::Manifest, message)
}

impl Manifest {
    pub(crate) fn read(written: Written) -> Result<Self, PackError> {
        let Written { hosts, methods, secrets, settings, program } = written;
        for (what, count) in [
            ("hosts", hosts.len()),
            ("methods", methods.len()),
            ("secrets", secrets.len()),
            ("settings", settings.len()),
        ] {
            if count > MOST {
                return Err(wrong(format!("the manifest names more than {MOST} {what}")));
            }
        }
        for (what, all) in [("secret", &secrets), ("setting", &settings)] {
            for (name, purpose) in all {
                texts::name(what, name)?;
                texts::line(&format!("purpose of the {what} `{name}`"), purpose, 300)?;
            }
        }
        if let Some(method) = methods.iter().find(|m| !METHODS.contains(&m.as_str())) {
            let method = method.escape_debug();
            return Err(wrong(format!("`{method}` is no method: there is {}", METHODS.join(", "))));
        }
        program.as_ref().map(check_program).transpose()?;
        let hosts: BTreeSet<Place> =
            hosts.iter().map(|h| h.parse()).collect::<Result<_, _>>().map_err(wrong)?;
        if hosts.is_empty() && program.is_none() {
            return Err(wrong(
                "the manifest names no host and no program: the pack can do nothing",
            ));
        }
        if hosts.is_empty() != methods.is_empty() {
            return Err(wrong("`hosts` and `methods` go together: name both or neither"));
        }
        Ok(Self { hosts, methods: methods.into_iter().collect(), secrets, settings, program })
    }

    /// Whether the pack may call this place.
    ///
    /// # Errors
    /// The manifest does not name it.
    pub fn allows_place(&self, what: &str, place: &Place) -> Result<(), PackError> {
        if self.hosts.contains(place) {
            return Ok(());
        }
        let message = format!("{what} leads to `{place}`, which its manifest does not name");
        Err(PackError::new(Code::Host, message))
    }

    /// Whether the pack may use this method.
    ///
    /// # Errors
    /// The manifest does not name it.
    pub fn allows_method(&self, what: &str, method: &str) -> Result<(), PackError> {
        if self.methods.contains(method) {
            return Ok(());
        }
        let message = format!("{what} uses {method}, which its manifest does not name");
        Err(PackError::new(Code::Method, message))
    }

    /// Whether the pack may start exactly this.
    ///
    /// # Errors
    /// The manifest names no program, or another command.
    pub fn allows_command(&self, command: &[String]) -> Result<&Program, PackError> {
        let shown = command.join(" ");
        let message = match &self.program {
            Some(program) if program.command == command => return Ok(program),
            Some(program) => {
                format!(
                    "it starts `{shown}`, and its manifest names `{}`",
                    program.command.join(" ")
                )
            }
            None => format!("it starts `{shown}`, and its manifest names no program"),
        };
        Err(PackError::new(Code::Program, message))
    }
}

impl Program {
    /// Whether a program may be granted this.
    ///
    /// # Errors
    /// A path, or a kind of reach, that the manifest does not name.
    pub fn allows(&self, wanted: &Self) -> Result<(), PackError> {
        let readable = |path: &&String| !self.read.contains(path) && !self.write.contains(path);
        if let Some(path) = wanted.read.iter().find(readable) {
            let message = format!("its program reads `{path}`, which its manifest does not name");
            return Err(PackError::new(Code::Path, message));
        }
        if let Some(path) = wanted.write.iter().find(|path| !self.write.contains(path)) {
            let message = format!("its program writes `{path}`, which its manifest does not name");
            return Err(PackError::new(Code::Path, message));
        }
        if let Some(name) = wanted.env.iter().find(|name| !self.env.contains(name)) {
            let message =
                format!("its program gets the variable `{name}`, which its manifest does not name");
            return Err(PackError::new(Code::Program, message));
        }
        for (what, wants, may) in [
            ("the network", wanted.network, self.network),
            ("local sockets", wanted.sockets, self.sockets),
        ] {
            if wants && !may {
                let message = format!("its program uses {what}, which its manifest does not name");
                return Err(PackError::new(Code::Program, message));
            }
        }
        Ok(())
    }
}

fn check_program(program: &Program) -> Result<(), PackError> {
    let Program { command, env, read, write, network: _, sockets: _ } = program;
    if command.is_empty() {
        return Err(wrong("the command of the manifest is empty: name the program"));
    }
    if [command, env, read, write].iter().any(|all| all.len() > MOST) {
        return Err(wrong(format!("a list of the program has more than {MOST} entries")));
    }
    for part in command {
        texts::line("command", part, 1_000)?;
    }
    for name in env {
        texts::line("list of variables", name, 100)?;
    }
    for path in read.iter().chain(write) {
        texts::line("list of paths", path, 1_000)?;
    }
    Ok(())
}
