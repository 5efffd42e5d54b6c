use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ambient::Instant;
use bytes::Bytes;
use http::header::{AGE, CACHE_CONTROL, ETAG, LAST_MODIFIED, VARY};
use http::{HeaderMap, StatusCode};

/// Answers that HTTP allows to keep (RFC 9111), apart for each authorization context: a private cache.
pub(crate) struct Cache {
    most: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    entries: HashMap<Key, Entry>,
    bytes: usize,
}

/// Whose answer to which request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// Tenant and principal.
    pub(crate) context: (String, String),
    /// The exact URL.
    pub(crate) url: String,
    /// The request's own header fields: an answer may vary with any of them.
    pub(crate) headers: Vec<(String, String)>,
}

struct Entry {
    answer: Stored,
    fresh_until: Instant,
    used: Instant,
}

/// An answer as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What there is for a request.
pub(crate) enum Found {
    /// As good as asked.
    Fresh(Stored),
    /// To be asked about with these validators.
    Stale(Stored),
    /// Nothing.
    None,
}

/// Longest that anything is kept without asking, whatever the API says.
const LONGEST: Duration = Duration::from_hours(24);

impl Cache {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, kept: Mutex::default() }
    }

    pub(crate) fn find(&self, key: &Key, now: Instant) -> Found {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = kept.entries.get_mut(key) else { return Found::None };
        entry.used = now;
        let answer = entry.answer.clone();
        if now < entry.fresh_until { Found::Fresh(answer) } else { Found::Stale(answer) }
    }

    /// Keeps an answer if it may be kept.
    pub(crate) fn keep(&self, key: Key, answer: Stored, now: Instant) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.remove(&key);
        let Some(lifetime) = lifetime(answer.status, &answer.headers) else { return };
        let size = answer.body.len() + key.url.len() + 512;
        if size > self.most / 4 {
            return;
        }
        while kept.bytes + size > self.most {
            let Some(oldest) =
                kept.entries.iter().min_by_key(|(_, e)| e.used).map(|(key, _)| key.clone())
            else {
                break;
            };
            kept.remove(&oldest);
        }
        kept.bytes += size;
        let nanos = u64::try_from(lifetime.as_nanos()).unwrap_or(u64::MAX);
        let fresh_until = Instant(now.0.saturating_add(nanos));
        kept.entries.insert(key, Entry { answer, fresh_until, used: now });
    }

    /// The API says with 304 that what is kept is still good.
    pub(crate) fn renew(&self, key: &Key, headers: &HeaderMap, now: Instant) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = kept.entries.get_mut(key) else { return };
        for name in [CACHE_CONTROL, ETAG, AGE] {
            if let Some(value) = headers.get(&name) {
                entry.answer.headers.insert(name, value.clone());
            }
        }
        match lifetime(entry.answer.status, &entry.answer.headers) {
            Some(lifetime) => {
                let nanos = u64::try_from(lifetime.as_nanos()).unwrap_or(u64::MAX);
                entry.fresh_until = Instant(now.0.saturating_add(nanos));
            }
            None => kept.remove(key),
        }
    }

    /// Something was changed at this URL: nobody's answer from there is good any more (RFC 9111, section 4.4).
    pub(crate) fn forget(&self, url: &str) {
        let plain = |url: &str| url.find('?').unwrap_or(url.len());
        let changed = &url[..plain(url)];
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.entries.is_empty() {
            return;
        }
        let keys = kept.entries.keys().filter(|key| key.url[..plain(&key.url)] == *changed);
        let gone: Vec<Key> = keys.cloned().collect();
        for key in gone {
            kept.remove(&key);
        }
    }
}

impl Kept {
    fn remove(&mut self, key: &Key) {
        if let Some(old) = self.entries.remove(key) {
            self.bytes -= old.answer.body.len() + key.url.len() + 512;
        }
    }
}

/// How long an answer is fresh; none if it may not be kept at all. Only what is said counts, nothing is guessed; zero
/// if it may be kept but must be asked about each time.
fn lifetime(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    let keepable = matches!(status.as_u16(), 200 | 203 | 204 | 404 | 410);
    let varies_unseen = headers.get_all(VARY).iter().any(|v| v.as_bytes().contains(&b'*'));
    if !keepable || varies_unseen {
        return None;
    }
    let directives = directives(headers);
    let has = |name: &str| directives.iter().any(|(n, _)| n == name);
    if has("no-store") {
        return None;
    }
    let asks = headers.contains_key(ETAG) || headers.contains_key(LAST_MODIFIED);
    if has("no-cache") {
        return asks.then_some(Duration::ZERO);
    }
    let age = headers.get(AGE).and_then(|v| v.to_str().ok()?.trim().parse().ok()).unwrap_or(0);
    let max_age = directives.iter().find(|(n, _)| n == "max-age").and_then(|(_, v)| v.parse().ok());
    match max_age {
        Some(seconds) => Some(Duration::from_secs(u64::saturating_sub(seconds, age)).min(LONGEST)),
        None => asks.then_some(Duration::ZERO),
    }
}

fn directives(headers: &HeaderMap) -> Vec<(String, String)> {
    let fields = headers.get_all(CACHE_CONTROL).iter().filter_map(|v| v.to_str().ok());
    fields
        .flat_map(|field| field.split(','))
        .map(|directive| {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            (name.trim().to_ascii_lowercase(), value.trim().trim_matches('"').to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn key(principal: &str, url: &str) -> Key {
        let context = ("acme".to_owned(), principal.to_owned());
        Key { context, url: url.to_owned(), headers: Vec::new() }
    }

    fn answer(cache_control: &'static str) -> Stored {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache_control));
        Stored { status: StatusCode::OK, headers, body: Bytes::from_static(b"{}") }
    }

    fn is_fresh(cache: &Cache, key: &Key, seconds: u64) -> bool {
        matches!(cache.find(key, Instant(seconds * SECOND)), Found::Fresh(_))
    }

    #[test]
    fn an_answer_is_fresh_for_as_long_as_it_says_and_no_longer() {
        let cache = Cache::new(1 << 20);
        let key = key("ada", "https://api.example/x");
        cache.keep(key.clone(), answer("private, max-age=60"), Instant(0));
        assert!(is_fresh(&cache, &key, 59));
        assert!(!is_fresh(&cache, &key, 60));
    }

    #[test]
    fn what_must_not_be_stored_or_says_nothing_is_not_kept() {
        let cache = Cache::new(1 << 20);
        let key = key("ada", "https://api.example/x");
        for said in ["no-store, max-age=60", "private", "max-age=x"] {
            cache.keep(key.clone(), answer(said), Instant(0));
            assert!(matches!(cache.find(&key, Instant(0)), Found::None), "{said}");
        }
        let mut varies = answer("max-age=60");
        varies.headers.insert(VARY, HeaderValue::from_static("*"));
        cache.keep(key.clone(), varies, Instant(0));
        assert!(matches!(cache.find(&key, Instant(0)), Found::None));
    }

    #[test]
    fn nobody_is_given_what_another_was_answered() {
        let cache = Cache::new(1 << 20);
        cache.keep(key("ada", "https://api.example/x"), answer("max-age=60"), Instant(0));
        assert!(!is_fresh(&cache, &key("bob", "https://api.example/x"), 1));
        let mut other_tenant = key("ada", "https://api.example/x");
        other_tenant.context.0 = "globex".to_owned();
        assert!(!is_fresh(&cache, &other_tenant, 1));
    }

    #[test]
    fn a_change_at_a_url_ends_what_everybody_was_answered_there() {
        let cache = Cache::new(1 << 20);
        let key = key("ada", "https://api.example/x?page=2");
        cache.keep(key.clone(), answer("max-age=60"), Instant(0));
        cache.forget("https://api.example/x");
        assert!(matches!(cache.find(&key, Instant(1)), Found::None));
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for_and_the_least_used_goes_first() {
        let cache = Cache::new(4000);
        let big = |n: u8| Stored { body: Bytes::from(vec![n; 400]), ..answer("max-age=60") };
        let keys: Vec<Key> =
            (0..5).map(|n| key("ada", &format!("https://a.example/{n}"))).collect();
        for (n, key) in (0_u8..).zip(&keys) {
            cache.keep(key.clone(), big(n), Instant(u64::from(n)));
        }
        assert!(matches!(cache.find(&keys[0], Instant(9)), Found::None));
        assert!(is_fresh(&cache, &keys[4], 1));
        assert!(cache.kept.lock().unwrap().bytes <= 4000);
    }
}
