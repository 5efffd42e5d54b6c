//! Commands that would run code from their own command line, or from what callers send.

use crate::SpawnError;

/// One family of interpreters and what its options mean.
struct Interpreter {
    /// Program names; a version at the end (`python3.12`) does not matter.
    names: &'static [&'static str],
    /// Letters that, alone or in a group (`-lc`), take code as their value.
    code: &'static str,
    /// Long (or exact) options that take code.
    code_long: &'static [&'static str],
    /// Options whose value is the next argument.
    valued: &'static [&'static str],
    /// Options after which the rest belongs to a program named by its value.
    program: &'static [&'static str],
    /// Whether one letter follows another in one option (`-lc`).
    groups: bool,
}

const INTERPRETERS: &[Interpreter] = &[
    Interpreter {
        names: &[
            "sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "fish", "csh", "tcsh", "rbash",
            "yash", "nu", "elvish", "xonsh",
        ],
        code: "cC",
        code_long: &["--command", "--commands", "--init-command"],
        valued: &["-o", "+o", "-O", "+O", "--rcfile", "--init-file"],
        program: &[],
        groups: true,
    },
    Interpreter {
        names: &["python", "pypy"],
        code: "c",
        code_long: &[],
        valued: &["-W", "-X", "--check-hash-based-pycs"],
        program: &["-m"],
        groups: true,
    },
    Interpreter {
        names: &["node", "nodejs"],
        code: "ep",
        code_long: &["--eval", "--print", "-pe"],
        valued: &[
            "-r",
            "--require",
            "--import",
            "--loader",
            "--experimental-loader",
            "-C",
            "--conditions",
            "--env-file",
            "--title",
        ],
        program: &["--run"],
        groups: false,
    },
    Interpreter {
        names: &["bun"],
        code: "ep",
        code_long: &["--eval", "--print"],
        valued: &["-r", "--preload", "--cwd", "-c", "--config"],
        program: &[],
        groups: false,
    },
    Interpreter {
        names: &["perl"],
        code: "eE",
        code_long: &[],
        valued: &["-I"],
        program: &[],
        groups: true,
    },
    Interpreter {
        names: &["ruby"],
        code: "e",
        code_long: &[],
        valued: &["-I", "-r", "-C", "-E"],
        program: &["-S"],
        groups: true,
    },
    Interpreter {
        names: &["php"],
        code: "rBRE",
        code_long: &["--run", "--process-begin", "--process-code", "--process-end"],
        valued: &["-c", "-d", "-z", "--php-ini", "--define"],
        program: &["-S"],
        groups: false,
    },
    Interpreter {
        names: &["lua", "luajit"],
        code: "e",
        code_long: &[],
        valued: &["-l"],
        program: &[],
        groups: false,
    },
    Interpreter {
        names: &["pwsh", "powershell"],
        code: "",
        code_long: &[
            "-c",
            "-command",
            "-e",
            "-ec",
            "-enc",
            "-encodedcommand",
            "-commandwithargs",
            "-cwa",
        ],
        valued: &["-executionpolicy", "-ep", "-ex", "-workingdirectory", "-wd"],
        program: &["-file", "-f"],
        groups: false,
    },
    Interpreter {
        names: &["cmd"],
        code: "",
        code_long: &["/c", "/k", "/r"],
        valued: &[],
        program: &[],
        groups: false,
    },
];

/// Programs that start the program named in their arguments.
const WRAPPERS: &[&str] = &[
    "env",
    "nice",
    "nohup",
    "setsid",
    "timeout",
    "stdbuf",
    "ionice",
    "chrt",
    "taskset",
    "sudo",
    "doas",
    "xargs",
    "busybox",
    "toybox",
    "time",
    "unshare",
    "setpriv",
    "runuser",
    "su",
    "chroot",
    "prlimit",
    "systemd-run",
    "script",
    "uv",
    "uvx",
];

/// Package runners with an option of their own that hands text to a shell.
const RUNNERS: &[(&str, &[&str])] = &[
    ("npx", &["-c", "--call"]),
    ("npm", &["-c", "--call"]),
    ("env", &["-S", "--split-string"]),
    ("su", &["-c", "--command"]),
    ("runuser", &["-c", "--command"]),
    ("script", &["-c", "--command"]),
    ("deno", &["eval"]),
];

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
        // Which argument is the program depends on each wrapper's options; any that names an interpreter is judged.
        for (at, arg) in args.iter().enumerate() {
            if find(&base_name(arg)).is_some() {
                return check(&args[at..]);
            }
        }
    }
    Ok(())
}

/// Looks at the runner's own options: those before the first argument that is none.
fn check_runner(name: &str, args: &[String], flags: &[&str]) -> Result<(), SpawnError> {
    let own = args.iter().take_while(|a| {
        a.starts_with('-') || a.contains('=') || matches!(a.as_str(), "exec" | "x" | "eval")
    });
    for arg in own {
        let flag = arg.split_once('=').map_or(arg.as_str(), |(flag, _)| flag);
        let attached = |f: &&str| f.len() == 2 && arg.starts_with(*f) && !arg.starts_with("--");
        if flags.contains(&flag) || flags.iter().any(|f| attached(&f)) {
            return Err(inline(name, flag));
        }
    }
    Ok(())
}

impl Interpreter {
    fn check(&self, name: &str, args: &[String]) -> Result<(), SpawnError> {
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let flag = arg.split_once('=').map_or(arg.as_str(), |(flag, _)| flag);
            let lower = flag.to_ascii_lowercase();
            let in_list = |list: &[&str]| {
                list.contains(&flag) || (!self.groups && list.contains(&lower.as_str()))
            };
            if in_list(self.code_long)
                || (name == "cmd"
                    && lower.starts_with('/')
                    && "ckr".contains(&lower[1..2.min(lower.len())]))
            {
                return Err(inline(name, flag));
            }
            if in_list(self.program) {
                return Ok(());
            }
            if in_list(self.valued) {
                if !arg.contains('=') {
                    args.next();
                }
                continue;
            }
            if flag == "--" {
                return args.next().map_or_else(|| Err(from_stdin(name)), |_| Ok(()));
            }
            if self.takes_code(flag) {
                return Err(inline(name, flag));
            }
            if matches!(flag, "-s" | "-" | "-i") {
                return Err(from_stdin(name));
            }
            if !flag.starts_with(['-', '+']) && !(name == "cmd" && flag.starts_with('/')) {
                return Ok(());
            }
        }
        Err(from_stdin(name))
    }

    /// Whether a short option takes code: `-c`, `-cCODE`, and where letters group, `-lc`.
    fn takes_code(&self, flag: &str) -> bool {
        let Some(letters) = flag.strip_prefix('-').filter(|l| !l.starts_with('-')) else {
            return false;
        };
        let is_code = |c: char| self.code.contains(c);
        if self.groups { letters.chars().any(is_code) } else { letters.starts_with(is_code) }
    }
}

fn find(name: &str) -> Option<&'static Interpreter> {
    INTERPRETERS.iter().find(|i| i.names.contains(&name))
}

/// `/usr/bin/python3.12` and `Python.EXE` are both `python`.
fn base_name(program: &str) -> String {
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
