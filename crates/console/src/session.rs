use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ambient::{Clock, Instant};
use approvals::Answerer;
use aws_lc_rs::digest::{SHA256, digest};
use subtle::ConstantTimeEq as _;

/// How long a sign-in lasts, whatever happens in it.
const LIFE: Duration = Duration::from_mins(30);
/// Most sign-ins at once; with one more, the oldest ends.
const MOST: usize = 64;

/// Who is signed in. In memory only: a restart signs everybody out.
pub(crate) struct Sessions {
    clock: Clock,
    all: Mutex<HashMap<[u8; 32], Session>>,
}

/// One sign-in.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) who: Answerer,
    /// What every form of this session carries.
    pub(crate) token: String,
    began: Instant,
}

impl Sessions {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, all: Mutex::default() }
    }

    /// Begins a session and gives the value of its cookie; none without randomness.
    pub(crate) fn begin(&self, who: Answerer) -> Option<String> {
        let (cookie, token) = (random()?, random()?);
        let now = self.clock.instant();
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, session| now.since(session.began) < LIFE);
        if all.len() >= MOST {
            let oldest = all.iter().min_by_key(|(_, session)| session.began).map(|(key, _)| *key);
            oldest.and_then(|key| all.remove(&key));
        }
        all.insert(name(&cookie), Session { who, token, began: now });
        Some(cookie)
    }

    /// The session of a cookie. What is kept is its digest, so looking it up tells nothing about it.
    pub(crate) fn find(&self, cookie: &str) -> Option<Session> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let session = all.get(&name(cookie))?.clone();
        (self.clock.instant().since(session.began) < LIFE).then_some(session)
    }

    pub(crate) fn end(&self, cookie: &str) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&name(cookie));
    }
}

impl Session {
    /// Whether a form came from a page of this session.
    pub(crate) fn made(&self, token: Option<&str>) -> bool {
        token.is_some_and(|token| token.as_bytes().ct_eq(self.token.as_bytes()).into())
    }
}

fn name(cookie: &str) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, cookie.as_bytes()).as_ref());
    out
}

fn random() -> Option<String> {
    use std::fmt::Write as _;
    let mut bytes = [0; 32];
    ambient::random(&mut bytes).ok()?;
    Some(bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
