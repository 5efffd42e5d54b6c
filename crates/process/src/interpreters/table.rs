/// One family of interpreters and what its options mean.
pub(super) struct Interpreter {
    /// Program names; a version at the end (`python3.12`) does not matter.
    pub(super) names: &'static [&'static str],
    /// What options begin with.
    pub(super) marks: &'static [char],
    /// Letters that take code as their value.
    pub(super) code: &'static str,
    /// Whether several letters make one option (`-lc`).
    pub(super) groups: bool,
    /// Whole options that take code.
    pub(super) code_words: &'static [&'static str],
    /// Options whose value is the next argument.
    pub(super) valued: &'static [&'static str],
    /// Options whose value is the program; the rest is its arguments.
    pub(super) program: &'static [&'static str],
}

const PLAIN: Interpreter = Interpreter {
    names: &[],
    marks: &['-'],
    code: "",
    groups: false,
    code_words: &[],
    valued: &[],
    program: &[],
};

pub(super) const INTERPRETERS: &[Interpreter] = &[
    Interpreter {
        names: &[
            "sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "csh", "tcsh", "rbash", "yash",
            "nu", "elvish", "xonsh",
        ],
        marks: &['-', '+'],
        code: "c",
        groups: true,
        code_words: &["--command", "--commands"],
        valued: &["-o", "+o", "-O", "+O", "--rcfile", "--init-file"],
        ..PLAIN
    },
    Interpreter {
        names: &["fish"],
        code: "cC",
        groups: true,
        code_words: &["--command", "--init-command"],
        valued: &["-d", "--debug", "-o", "--debug-output", "-f", "--features"],
        ..PLAIN
    },
    Interpreter {
        names: &["python", "pypy"],
        code: "c",
        groups: true,
        valued: &["-W", "-X", "--check-hash-based-pycs"],
        program: &["-m"],
        ..PLAIN
    },
    Interpreter {
        names: &["node", "nodejs"],
        code: "ep",
        code_words: &["--eval", "--print"],
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
        ..PLAIN
    },
    Interpreter {
        names: &["bun"],
        code: "ep",
        code_words: &["--eval", "--print"],
        valued: &["-r", "--preload", "--cwd", "-c", "--config"],
        ..PLAIN
    },
    Interpreter { names: &["deno"], code_words: &["eval"], ..PLAIN },
    Interpreter { names: &["perl"], code: "eE", groups: true, valued: &["-I"], ..PLAIN },
    Interpreter {
        names: &["ruby"],
        code: "e",
        groups: true,
        valued: &["-I", "-r", "-C", "-E"],
        program: &["-S"],
        ..PLAIN
    },
    Interpreter {
        names: &["php"],
        code: "rBRE",
        code_words: &["--run", "--process-begin", "--process-code", "--process-end"],
        valued: &["-c", "-d", "-z", "--php-ini", "--define"],
        program: &["-S", "-f", "--file"],
        ..PLAIN
    },
    Interpreter {
        names: &["lua", "luajit", "osascript", "rscript", "julia", "elixir", "groovy"],
        code: "eE",
        code_words: &["--eval"],
        valued: &["-l", "-L", "-r"],
        ..PLAIN
    },
    Interpreter {
        names: &["awk", "gawk", "mawk", "nawk"],
        valued: &["-F", "-v", "--field-separator", "--assign"],
        program: &["-f", "--file"],
        ..PLAIN
    },
    Interpreter {
        names: &["pwsh", "powershell"],
        marks: &['-', '/'],
        code_words: &[
            "-c",
            "-command",
            "-e",
            "-ec",
            "-enc",
            "-encodedcommand",
            "-commandwithargs",
            "-cwa",
            "/c",
            "/command",
        ],
        valued: &["-executionpolicy", "-ep", "-ex", "-workingdirectory", "-wd"],
        program: &["-file", "-f"],
        ..PLAIN
    },
    Interpreter { names: &["cmd"], marks: &['/'], code: "ckrCKR", ..PLAIN },
];

/// Programs that start the program named in their arguments.
pub(super) const WRAPPERS: &[&str] = &[
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
];

/// Programs with an option of their own that hands text to a shell.
pub(super) const RUNNERS: &[(&str, &[&str])] = &[
    ("npx", &["-c", "--call"]),
    ("npm", &["-c", "--call"]),
    ("env", &["-S", "--split-string"]),
    ("su", &["-c", "--command"]),
    ("runuser", &["-c", "--command"]),
    ("script", &["-c", "--command"]),
];
