//! The examples of `docs/` are run as they stand there: blocks with a file name are written, commands are run in order,
//! and what they print is what the page shows.
//!
//! In what is shown, `…` stands for any text of a line, and alone for any lines.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::support::binary;

/// Pages that are about this project and have nothing to run.
const ABOUT: [&str; 4] = ["assurance.md", "conversion-table.md", "era-matrix.md", "performance.md"];

/// Pages whose examples need more than a folder and commands: each is run by the tests of its own name.
const ELSEWHERE: [&str; 3] = ["har.md", "packs.md", "tenants.md"];

/// A block of a page, in its order.
enum Block {
    File { name: String, text: String },
    Commands(Vec<Shown>),
}

/// A command and what the page says it prints.
struct Shown {
    command: String,
    prints: Vec<String>,
}

fn pages() -> Vec<PathBuf> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let all = std::fs::read_dir(docs).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<_> = all.filter(|p| p.extension().is_some_and(|e| e == "md")).collect();
    let others = [&ABOUT[..], &ELSEWHERE[..]].concat();
    pages.retain(|p| !others.contains(&p.file_name().unwrap().to_str().unwrap()));
    pages.sort();
    pages
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let inside: Vec<&str> = lines.by_ref().take_while(|l| *l != "```").collect();
        let (kind, name) = info.split_once(' ').unwrap_or((info, ""));
        if !name.is_empty() {
            blocks.push(Block::File { name: name.to_owned(), text: inside.join("\n") + "\n" });
        } else if kind == "console" {
            blocks.push(Block::Commands(commands(&inside)));
        }
    }
    blocks
}

fn commands(lines: &[&str]) -> Vec<Shown> {
    let mut all: Vec<Shown> = Vec::new();
    for line in lines {
        match (line.strip_prefix("$ "), all.last_mut()) {
            (Some(command), _) => {
                all.push(Shown { command: command.to_owned(), prints: Vec::new() });
            }
            (None, Some(last)) => last.prints.push(line.trim_end().to_owned()),
            (None, None) => panic!("a line before the first command: {line}"),
        }
    }
    all
}

/// Whether printed lines are those that are shown.
fn agree(shown: &[String], printed: &[&str]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((any, rest)) if any.trim() == "…" => {
            (0..=printed.len()).any(|skip| agree(rest, &printed[skip..]))
        }
        Some((line, rest)) => printed
            .split_first()
            .is_some_and(|(first, others)| fits(line, first.trim_end()) && agree(rest, others)),
    }
}

fn fits(shown: &str, printed: &str) -> bool {
    match shown.split_once('…') {
        None => shown == printed,
        Some((before, after)) => printed.strip_prefix(before).is_some_and(|rest| {
            rest.char_indices()
                .map(|(at, _)| at)
                .chain([rest.len()])
                .any(|at| fits(after, &rest[at..]))
        }),
    }
}

fn run(command: &str, dir: &Path) -> String {
    let tools = Path::new(binary()).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let out = Command::new("sh")
        .args(["-c", command])
        .current_dir(dir)
        .env("PATH", format!("{}:{path}", tools.display()))
        .env("USER", "ada")
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let mut text = String::from_utf8(out.stdout).unwrap();
    text.push_str(&String::from_utf8(out.stderr).unwrap());
    text
}

/// Runs one page; what is wrong with it, if anything is.
fn play(page: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(page).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut ran = 0;
    for block in blocks(&text) {
        match block {
            Block::File { name, text } => std::fs::write(dir.path().join(name), text).unwrap(),
            Block::Commands(commands) => {
                for shown in commands {
                    ran += 1;
                    let printed = run(&shown.command, dir.path());
                    let lines: Vec<&str> = printed.lines().collect();
                    if !agree(&shown.prints, &lines) {
                        let (page, command) = (page.display(), &shown.command);
                        return Err(format!("{page}\n$ {command}\n{printed}"));
                    }
                }
            }
        }
    }
    if ran == 0 { Err(format!("{}: there is nothing to run", page.display())) } else { Ok(()) }
}

#[test]
fn every_page_about_a_capability_has_an_example_that_does_what_it_shows() {
    let pages = pages();
    assert!(pages.len() > 8, "{pages:?}");
    let plays = pages.iter().map(|page| std::thread::scope(|s| s.spawn(|| play(page)).join()));
    let wrong: Vec<String> = plays.filter_map(|p| p.unwrap().err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn what_is_shown_and_what_is_printed_are_held_against_each_other() {
    let shown = |lines: &[&str]| lines.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>();
    assert!(agree(&shown(&["a … c", "…", "z"]), &["a b c", "x", "y", "z"]));
    assert!(!agree(&shown(&["a … c"]), &["a b d"]));
    assert!(!agree(&shown(&["a"]), &["a", "b"]));
    assert!(!agree(&shown(&["a", "b"]), &["a"]));
}
