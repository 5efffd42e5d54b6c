use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ambient::{Clock, Instant};
use model::{Masks, Secret, SourceName};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Lines kept.
const KEPT: usize = 50;
/// Longest line in bytes, as read; the rest of it is dropped.
const LONGEST: usize = 4 << 10;
/// Lines that may be logged at once, and one more each [`REFILL`].
const BURST: u32 = 50;
const REFILL: Duration = Duration::from_millis(100);
/// Shorter values are too common in ordinary text to be looked for.
const SHORTEST_SECRET: usize = 6;

/// What a child says on standard error: its last lines, made safe to show.
///
/// Control characters are escaped, lines cut at 4 KiB, and values of the child's configured variables replaced; a
/// child that writes much is not logged whole, but always read, so that it never waits.
pub struct Stderr {
    source: SourceName,
    masks: Masks,
    /// For values that are cut in two.
    secrets: Vec<Secret<String>>,
    kept: Mutex<VecDeque<String>>,
}

impl Stderr {
    pub(crate) fn new(source: SourceName, env: &[(String, Secret<String>)]) -> Self {
        let long = env.iter().map(|(_, v)| v.reveal()).filter(|v| v.len() >= SHORTEST_SECRET);
        let secrets = long.cloned().map(Secret::new).collect();
        let mut masks = Masks::none();
        for (name, value) in env {
            masks.add_longer_than(SHORTEST_SECRET, name, value.reveal());
        }
        Self { source, masks, secrets, kept: Mutex::new(VecDeque::new()) }
    }

    /// The last lines, oldest first; at most 50.
    pub fn last_lines(&self) -> Vec<String> {
        self.lock().iter().cloned().collect()
    }

    /// Reads until the end.
    pub(crate) async fn follow(&self, mut from: impl AsyncRead + Unpin, clock: &Clock) {
        let mut line = Vec::new();
        let mut cut = false;
        let mut budget = Budget::new(clock.instant());
        let mut part = vec![0; 4096];
        while let Ok(n @ 1..) = from.read(&mut part).await {
            for piece in part[..n].split_inclusive(|b| *b == b'\n') {
                let (text, whole) = piece.strip_suffix(b"\n").map_or((piece, false), |t| (t, true));
                let room = LONGEST - line.len();
                cut |= text.len() > room;
                line.extend_from_slice(&text[..text.len().min(room)]);
                if whole {
                    self.say(&line, cut, &mut budget, clock);
                    line.clear();
                    cut = false;
                }
            }
        }
        if !line.is_empty() {
            self.say(&line, cut, &mut budget, clock);
        }
    }

    fn say(&self, line: &[u8], cut: bool, budget: &mut Budget, clock: &Clock) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut text = self.safe(&String::from_utf8_lossy(line), cut);
        if cut {
            text.push_str(" [cut]");
        }
        if let Some(skipped) = budget.spend(clock.instant()) {
            if skipped > 0 {
                tracing::info!(source = %self.source, skipped, "standard error: lines not logged");
            }
            tracing::info!(source = %self.source, "standard error: {text}");
        }
        let mut kept = self.lock();
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(text);
    }

    /// What the child has said, wherever it did, so that it can be shown; `cut` if some of it is missing at the end.
    pub(crate) fn safe(&self, said: &str, cut: bool) -> String {
        let mut text = self.masks.text(said.to_owned());
        if cut {
            self.drop_split_secret(&mut text);
        }
        escape(&text)
    }

    /// A secret cut in two by the limit would be shown in part.
    fn drop_split_secret(&self, text: &mut String) {
        for secret in &self.secrets {
            let secret = secret.reveal();
            let starts = secret.char_indices().skip(1).map(|(at, _)| &secret[..at]);
            if let Some(start) = starts.filter(|s| text.ends_with(s)).last() {
                text.truncate(text.len() - start.len());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many lines may still be logged.
struct Budget {
    left: u32,
    since: Instant,
    skipped: u64,
}

impl Budget {
    const fn new(now: Instant) -> Self {
        Self { left: BURST, since: now, skipped: 0 }
    }

    /// Takes one line's worth; says how many were skipped since the last that was not.
    fn spend(&mut self, now: Instant) -> Option<u64> {
        let earned = now.since(self.since).as_nanos() / REFILL.as_nanos();
        if earned > 0 {
            self.left = BURST.min(self.left.saturating_add(u32::try_from(earned).unwrap_or(BURST)));
            self.since = now;
        }
        if self.left == 0 {
            self.skipped += 1;
            return None;
        }
        self.left -= 1;
        Some(std::mem::take(&mut self.skipped))
    }
}

/// Replaces what a terminal or an editor would act on instead of showing it.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        // Besides controls: marks that change direction, or take no room.
        let hidden = matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}');
        if c.is_control() || hidden {
            let _ = write!(out, "{}", c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn said(bytes: &[u8], secrets: &[&str]) -> Vec<String> {
        let env: Vec<_> =
            secrets.iter().map(|s| ("X".to_owned(), Secret::new((*s).to_owned()))).collect();
        let stderr = Stderr::new(SourceName::new("files").unwrap(), &env);
        stderr.follow(bytes, &Clock::manual(0)).await;
        stderr.last_lines()
    }

    #[tokio::test]
    async fn control_characters_reach_nobody_raw() {
        let got = said(b"\x07\x00\x1b[31mred\r\ntab\there\n\xff\xfe\nend \xe2\x80\xae", &[]).await;
        assert_eq!(
            got,
            ["\\u{7}\\u{0}\\u{1b}[31mred", "tab\\u{9}here", "\u{fffd}\u{fffd}", "end \\u{202e}"]
        );
    }

    #[tokio::test]
    async fn the_last_fifty_lines_are_kept_and_long_ones_cut() {
        let many: Vec<String> = (0..1000).map(|n| format!("line {n}")).collect();
        let got = said(many.join("\n").as_bytes(), &[]).await;
        assert_eq!((got.len(), got[0].as_str(), got[49].as_str()), (50, "line 950", "line 999"));
        let long = format!("{}\nnext\n", "x".repeat(100_000));
        let got = said(long.as_bytes(), &[]).await;
        assert_eq!(
            (got[0].len(), &got[0][4090..], got[1].as_str()),
            (4102, "xxxxxx [cut]", "next")
        );
    }

    #[tokio::test]
    async fn configured_values_are_not_shown() {
        let got =
            said(b"token=hunter2hunter2 and hunter2h, on\n", &["hunter2h", "hunter2hunter2", "on"])
                .await;
        assert_eq!(got, ["token=[secret:X withheld] and [secret:X withheld], on"]);
        let split = format!("{}hunter2hunter2\n", "x".repeat(LONGEST - 7));
        let got = said(split.as_bytes(), &["hunter2hunter2"]).await;
        assert!(!got[0].contains("hunter"), "{}", &got[0][LONGEST - 20..]);
    }

    #[test]
    fn a_flood_is_logged_in_part_and_the_rest_counted() {
        let mut budget = Budget::new(Instant(0));
        let logged = (0..1000).filter(|_| budget.spend(Instant(1)).is_some()).count();
        assert_eq!(logged, 50);
        assert_eq!(budget.spend(Instant(200_000_000)), Some(950));
        assert_eq!(budget.spend(Instant(200_000_000)), Some(0));
        assert_eq!(budget.spend(Instant(200_000_000)), None);
    }
}
