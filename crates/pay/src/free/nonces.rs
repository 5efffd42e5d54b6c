use serde::{Deserialize, Serialize};
use treasury::{BlobKind, Treasury};
use zeroize::Zeroizing;

use crate::driver::{Boxed, Nonces};

/// How long a nonce is remembered, in seconds.
const LONG: u64 = 24 * 60 * 60;
/// The least that it is: longer than any challenge lives, in seconds.
const LEAST: u64 = 10 * 60;
/// The most nonces of one seller. Where so many are younger than [`LEAST`], nothing more is signed.
const MOST: usize = 1024;

/// The nonces of one seller, sealed beside the books: what one gate has signed, no other on the same books signs again.
pub(super) struct Noted<'a> {
    pub(super) treasury: &'a Treasury,
    pub(super) origin: String,
    /// Seconds since 1970.
    pub(super) now: u64,
}

/// One nonce, and when it was noted down.
#[derive(Serialize, Deserialize)]
struct Note(String, u64);

impl Nonces for Noted<'_> {
    fn take<'a>(&'a self, nonce: &'a str) -> Boxed<'a, bool> {
        Box::pin(async move {
            let (nonce, now) = (nonce.to_owned(), self.now);
            let change = move |found: Option<Zeroizing<Vec<u8>>>| {
                let notes = found.map_or_else(|| Some(Vec::new()), |all| read(&all));
                let notes = notes.and_then(|notes| with(notes, nonce, now));
                match notes.and_then(|notes| serde_json::to_vec(&notes).ok()) {
                    Some(text) => (Some(Zeroizing::new(text)), true),
                    None => (None, false),
                }
            };
            let origin = self.origin.clone();
            let noted = self.treasury.change_blob(BlobKind::Nonces, origin, change).await;
            noted.unwrap_or_else(|error| {
                tracing::error!("a nonce could not be noted down, so nothing is signed: {error}");
                false
            })
        })
    }
}

fn read(text: &[u8]) -> Option<Vec<Note>> {
    serde_json::from_slice(text).ok()
}

/// The notes with one more, the oldest first; `None` if it stands there, or there is no room.
fn with(mut notes: Vec<Note>, nonce: String, now: u64) -> Option<Vec<Note>> {
    if notes.iter().any(|Note(known, _)| *known == nonce) {
        return None;
    }
    let age = |note: &Note| now.saturating_sub(note.1);
    let over = notes.iter().take_while(|note| age(note) > LONG).count();
    notes.drain(..over);
    if notes.len() >= MOST {
        let oldest = notes.first().filter(|note| age(note) > LEAST)?.1;
        tracing::debug!("nonces of {oldest} give way to new ones");
        notes.remove(0);
    }
    notes.push(Note(nonce, now));
    Some(notes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_nonce_is_noted_once_and_room_is_made_for_new_ones_only_by_old_ones() {
        let mut notes = Vec::new();
        for n in 0..MOST {
            notes = with(notes, format!("nonce{n:08}"), 1_000).unwrap();
        }
        let text = serde_json::to_vec(&notes).unwrap();
        let again = || read(&text).unwrap();
        assert!(with(again(), "nonce00000000".to_owned(), 1_000 + LEAST + 1).is_none());
        assert!(with(again(), "another".to_owned(), 1_000 + LEAST).is_none(), "all are young");
        let later = with(again(), "another".to_owned(), 1_000 + LEAST + 1).unwrap();
        assert_eq!(later.len(), MOST);
        let much_later = with(again(), "another".to_owned(), 1_000 + LONG + 1).unwrap();
        assert_eq!(much_later.len(), 1);
        assert!(read(b"no list").is_none());
    }

    proptest! {
        #[test]
        fn whatever_comes_no_nonce_is_taken_twice_within_ten_minutes(
            came in proptest::collection::vec(("[ab]{1,3}", 0_u64..400), 0..60)
        ) {
            let (mut notes, mut now, mut taken) = (Vec::new(), 0, Vec::<(String, u64)>::new());
            for (nonce, wait) in came {
                now += wait;
                let before = serde_json::to_vec(&notes).unwrap();
                match with(notes, nonce.clone(), now) {
                    Some(all) => {
                        let twice = taken.iter().any(|(known, at)| *known == nonce && now - at <= LEAST);
                        prop_assert!(!twice);
                        taken.push((nonce, now));
                        notes = all;
                    }
                    None => notes = read(&before).unwrap(),
                }
            }
        }
    }
}
