#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test that kills a real writer"
)]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::*;

const KILLS: u64 = 200;

/// A little disorder that is the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

fn writer(house: &House, first: u64) -> Child {
    Command::new(env!("CARGO_BIN_EXE_vault-writer"))
        .args([house.path(), house.dir.path().join("key")])
        .arg(first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Lets a writer work for a moment and kills it; the last number it began and the last it had done.
fn killed(house: &House, first: u64, dice: &mut Dice) -> (u64, u64) {
    let mut child = writer(house, first);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = vec![lines.next().unwrap().unwrap()];
    for _ in 0..dice.below(9) {
        said.push(lines.next().unwrap().unwrap());
    }
    std::thread::sleep(Duration::from_micros(dice.below(4000)));
    child.kill().unwrap();
    child.wait().unwrap();
    said.extend(lines.map(Result::unwrap));
    let last = |word: &str| {
        let mut numbers =
            said.iter().filter_map(|line| line.strip_prefix(word)?.parse::<u64>().ok());
        numbers.next_back()
    };
    (last("begin ").unwrap(), last("done ").unwrap_or(first - 1))
}

/// The values of `a` and `b`.
type State = (Option<String>, Option<String>);

/// What is there when the numbers from `first` to `last` are done.
fn after(before: &State, first: u64, last: u64) -> State {
    let (mut a, mut b) = before.clone();
    for n in first..=last {
        match n % 4 {
            0 => b = Some(format!("value {n}")),
            1 => a = Some(format!("value {n}")),
            2 => {}
            _ => b = None,
        }
    }
    (a, b)
}

#[tokio::test]
async fn a_writer_killed_anywhere_leaves_the_old_vault_or_the_new_one() {
    let house = House::new();
    house.set("a", "value 1");
    let mut dice = Dice(7);
    let mut before: State = (Some("value 1".to_owned()), None);
    // Numbers begin at a multiple of four, where `b` is set.
    let mut first = 4;
    let mut torn = 0;
    for kill in 0..KILLS {
        let (begun, done) = killed(&house, first, &mut dice);
        // A new process, as it were: nothing is held in memory.
        let vault = house.vault();
        let found = (value(&vault, "a").await.ok(), value(&vault, "b").await.ok());
        let lawful = [after(&before, first, done), after(&before, first, begun)];
        assert!(lawful.contains(&found), "kill {kill}: {found:?} after {done} of {begun}");
        torn += u64::from(begun > done);
        // And it can be written again, with nothing left of the one that was killed.
        house.set("b", "between");
        let left = std::fs::read_dir(house.dir.path()).unwrap().count();
        assert_eq!(left, 4, "kill {kill}: key, vault, mark and lock are there, and nothing else");
        before = (found.0, Some("between".to_owned()));
        first = (begun / 4 + 1) * 4;
    }
    assert!(torn > KILLS / 4, "only {torn} were killed in the middle of a change");
}
