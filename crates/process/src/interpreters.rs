//! Commands that would run code from their own command line, or from what callers send.
//!
//! A guard against configuration that came from elsewhere (an imported file, a copied snippet) and a help against
//! mistakes; an operator who means to can always put the code into a file.

mod table;

use table::{INTERPRETERS, Interpreter, RUNNERS, WRAPPERS};

use crate::SpawnError;

/// Whether `name` (see [`base_name`]) is an interpreter that is told which file to run.
pub(crate) fn is_interpreter(name: &str) -> bool {
    find(name).is_some()
}

/// Whether `name` is a program that starts the program named in its arguments.
pub(crate) fn is_wrapper(name: &str) -> bool {
    WRAPPERS.contains(&name)
}

/// Refuses a command that runs code from its own text, or from standard input.
pub(crate) fn check(command: &[String]) -> Result<(), SpawnError> {
    let Some((program, args)) = command.split_first() else { return Err(SpawnError::Empty) };
    let name = base_name(program);
    if let Some((_, flags)) = RUNNERS.iter().find(|(n, _)| *n == name) {
        check_runner(&name, args, flags)?;
    }
    if let Some(interpreter) = find(&name) {
        return interpreter.check(&name, args);
    }
    if WRAPPERS.contains(&name.as_str()) {
        // Which argument is the program depends on each wrapper's options: the first that names an interpreter is judged.
        if let Some(at) = args.iter().position(|arg| find(&base_name(arg)).is_some()) {
            return check(&args[at..]);
        }
    }
    Ok(())
}

/// Looks at a runner's own options: those before the first argument that is none.
fn check_runner(name: &str, args: &[String], flags: &[&str]) -> Result<(), SpawnError> {
    let is_own =
        |a: &&String| a.starts_with('-') || a.contains('=') || matches!(a.as_str(), "exec" | "x");
    for arg in args.iter().take_while(is_own) {
        let flag = word(arg);
        let attached = |f: &&str| f.len() == 2 && arg.starts_with(*f);
        if flags.contains(&flag) || flags.iter().any(attached) {
            return Err(inline(name, flag));
        }
    }
    Ok(())
}

impl Interpreter {
    /// Reads options up to the program to run, which must be a file (or a module) and must be there.
    fn check(&self, name: &str, args: &[String]) -> Result<(), SpawnError> {
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let flag = word(arg);
            let lower = flag.to_ascii_lowercase();
            let listed = |list: &[&str]| {
                list.contains(&flag) || (!self.groups && list.contains(&lower.as_str()))
            };
            if self.takes_code(flag) || listed(self.code_words) {
                return Err(inline(name, flag));
            } else if listed(self.program) {
                return Ok(());
            } else if listed(self.valued) {
                if flag == arg {
                    args.next();
                }
            } else if flag == "--" {
                break;
            } else if matches!(flag, "-" | "-s" | "-i") {
                return Err(from_stdin(name));
            } else if !flag.starts_with(self.marks) {
                return self.with_program(name, Some(arg));
            }
        }
        self.with_program(name, args.next())
    }

    /// Judges what stands where the program to run should.
    fn with_program(&self, name: &str, program: Option<&String>) -> Result<(), SpawnError> {
        match program {
            None => Err(from_stdin(name)),
            // These take their code as an ordinary argument; a file needs an option.
            Some(_) if self.names.contains(&"awk") => Err(inline(name, "PROGRAM")),
            Some(_) => Ok(()),
        }
    }

    /// Whether a short option takes code: `-c`, `-cCODE`, and where letters group, `-lc`.
    fn takes_code(&self, flag: &str) -> bool {
        let Some(letters) = flag.strip_prefix(self.marks).filter(|l| !l.starts_with('-')) else {
            return false;
        };
        let is_code = |c: char| self.code.contains(c);
        // An option that takes a value may have it attached (`-Wcode`): its letters are none.
        let valued = self.valued.iter().any(|v| v.len() == 2 && flag.starts_with(v));
        if self.groups {
            !valued && letters.chars().any(is_code)
        } else {
            letters.starts_with(is_code)
        }
    }
}

fn find(name: &str) -> Option<&'static Interpreter> {
    INTERPRETERS.iter().find(|i| i.names.contains(&name))
}

/// An option without the value attached to it by `=`.
fn word(arg: &str) -> &str {
    arg.split_once('=').map_or(arg, |(flag, _)| flag)
}

/// `/usr/bin/python3.12` and `Python.EXE` are both `python`.
pub(crate) fn base_name(program: &str) -> String {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program).to_ascii_lowercase();
    let name = name.strip_suffix(".exe").unwrap_or(&name);
    name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-').to_owned()
}

fn inline(program: &str, flag: &str) -> SpawnError {
    SpawnError::InlineCode { program: program.to_owned(), flag: flag.chars().take(16).collect() }
}

fn from_stdin(program: &str) -> SpawnError {
    SpawnError::CodeFromStdin { program: program.to_owned() }
}

#[cfg(test)]
#[path = "interpreters_tests.rs"]
mod tests;
