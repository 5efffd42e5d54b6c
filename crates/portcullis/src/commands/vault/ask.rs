//! Values that come from a person or a pipe, and never from the command line, which every user of the machine can read.

use std::fs::{File, OpenOptions};
use std::io::{IsTerminal as _, Read as _, Write as _, stdin};

use anyhow::Context as _;
use model::{Secret, SecretName};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use zeroize::Zeroizing;

/// How often a new passphrase is asked for.
const TRIES: usize = 5;
/// The longest line of a terminal, in bytes.
const LINE: usize = 8192;
/// Control-C.
const INTERRUPT: u8 = 3;

/// The value of a secret: all of standard input, or what is typed unseen. One line end at its end is none of it.
pub fn value(name: &SecretName) -> anyhow::Result<Secret<String>> {
    hidden(&format!("Value of {name}: "))
}

/// A text that is not shown: from standard input, or typed at the terminal if that is one.
pub fn hidden(prompt: &str) -> anyhow::Result<Secret<String>> {
    if stdin().is_terminal() { typed(prompt) } else { piped() }
}

/// A new passphrase, typed twice.
pub fn new_passphrase() -> anyhow::Result<String> {
    for _ in 0..TRIES {
        let first = typed("New passphrase of the vault: ")?;
        if let Err(weak) = vault::judge(first.reveal()) {
            crate::say::note(format_args!("too weak: {weak}"));
            continue;
        }
        let again = typed("The same again: ")?;
        if first.reveal() == again.reveal() {
            return Ok(first.reveal().clone());
        }
        crate::say::note("these differ: once more");
    }
    anyhow::bail!("no passphrase was set")
}

/// The passphrase of a vault. Standard input may be the value of a secret, so it is not read here.
pub fn passphrase() -> anyhow::Result<String> {
    Ok(typed("Passphrase of the vault: ")?.reveal().clone())
}

fn piped() -> anyhow::Result<Secret<String>> {
    let mut text = String::with_capacity(vault::MAX_VALUE + 2);
    let most = vault::MAX_VALUE as u64 + 2;
    stdin().lock().take(most).read_to_string(&mut text).context("standard input cannot be read")?;
    strip(&mut text);
    Ok(Secret::new(text))
}

fn typed(prompt: &str) -> anyhow::Result<Secret<String>> {
    let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").context(
        "there is no terminal to ask at: give the key with `--key-file` or another option, or set `key` in [vault]",
    )?;
    terminal.write_all(prompt.as_bytes())?;
    let line = {
        let _quiet = Quiet::new(&terminal)?;
        line(&terminal)?
    };
    terminal.write_all(b"\n")?;
    anyhow::ensure!(line.last().is_some_and(|b| *b != INTERRUPT), "nothing was typed");
    let mut text = String::from_utf8(line.to_vec()).context("what was typed is not UTF-8")?;
    strip(&mut text);
    Ok(Secret::new(text))
}

/// A line of a terminal, with its end. A terminal takes no more than some 4 KiB; longer values come from a file.
fn line(mut terminal: &File) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let mut line = Zeroizing::new(Vec::with_capacity(LINE));
    let mut piece = Zeroizing::new([0; LINE]);
    while line.len() < LINE {
        let n = terminal.read(piece.as_mut_slice())?;
        line.extend_from_slice(&piece[..n]);
        if n == 0 || line.ends_with(b"\n") || line.ends_with(&[INTERRUPT]) {
            break;
        }
    }
    Ok(line)
}

fn strip(text: &mut String) {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
}

/// A terminal that does not show what is typed, until this is dropped.
struct Quiet<'a> {
    terminal: &'a File,
    before: Termios,
}

impl<'a> Quiet<'a> {
    fn new(terminal: &'a File) -> anyhow::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        // Control-C ends the line and not the program, which has to put the terminal right first.
        quiet.local_modes.remove(LocalModes::ISIG);
        quiet.special_codes[SpecialCodeIndex::VEOL] = INTERRUPT;
        tcsetattr(terminal, OptionalActions::Flush, &quiet)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.terminal, OptionalActions::Flush, &self.before);
    }
}
