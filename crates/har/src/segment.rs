//! One segment of a recorded path.

use crate::kind::Kind;
use crate::secret;

/// Endings that are no part of an id.
const ENDINGS: [&str; 6] = [".json", ".xml", ".csv", ".txt", ".pdf", ".yaml"];

/// One segment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Segment {
    /// As it stood in the URL, encoded.
    pub(crate) literal: String,
    /// What it says, without its ending.
    pub(crate) stem: String,
    /// `.json` and the like; mostly nothing.
    pub(crate) ending: &'static str,
    /// What form it has.
    pub(crate) kind: Kind,
}

/// Why a path cannot be a tool's: a stable code and a sentence.
pub(crate) type Refusal = (&'static str, &'static str);

/// Most segments of a path.
const MOST: usize = 48;
/// Longest word of a path.
const LONGEST: usize = 80;

/// The segments of a path.
pub(crate) fn read(path: &str) -> Result<Vec<Segment>, Refusal> {
    let path = path.strip_prefix('/').unwrap_or(path);
    if path.split('/').count() > MOST {
        return Err(("bad_path", "its path has too many segments"));
    }
    let mut all: Vec<Segment> = Vec::new();
    for literal in path.split('/') {
        let versioned = all.last().is_none_or(|s| heads_a_version(&s.stem));
        all.push(one(literal, versioned)?);
    }
    Ok(all)
}

/// Words behind which a small number is the version of an API.
fn heads_a_version(word: &str) -> bool {
    matches!(
        word.to_ascii_lowercase().as_str(),
        "api" | "apis" | "rest" | "version" | "v" | "services" | "ajax"
    )
}

fn one(literal: &str, versioned: bool) -> Result<Segment, Refusal> {
    let whole = decoded(literal);
    let ending = ENDINGS
        .iter()
        .find(|e| whole.len() > e.len() && whole.ends_with(**e))
        .copied()
        .unwrap_or("");
    let stem = whole[..whole.len() - ending.len()].to_owned();
    let kind = match Kind::of(&stem) {
        Kind::Number if versioned && stem.len() <= 2 => Kind::Word,
        kind => kind,
    };
    let secret_pair =
        whole.split(';').skip(1).any(|p| secret::name(p.split('=').next().unwrap_or_default()));
    if secret_pair || secret::is_token(&stem) || (!kind.is_id() && secret::looks(&whole)) {
        return Err(("secret_in_path", "its path holds something that looks like a secret"));
    }
    if kind.is_id() {
        return Ok(Segment { literal: literal.to_owned(), stem, ending, kind });
    }
    if whole.chars().any(|c| c.is_control() || c == '\\') || whole == "." || whole == ".." {
        return Err(("bad_path", "its path holds a segment that no request may have"));
    }
    // An id among words is a value, too: the whole segment stands for it.
    let parts = |c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let holds = whole.split(parts).any(|part| part.len() > 5 && Kind::of(part).is_id());
    if !holds && whole.len() > LONGEST {
        return Err(("bad_path", "its path holds a segment that is too long to be a name"));
    }
    let kind = if holds { Kind::Opaque } else { kind };
    let (stem, ending) = if holds { (whole, "") } else { (stem, ending) };
    Ok(Segment { literal: literal.to_owned(), stem, ending, kind })
}

/// Percent-encoding undone. What is no UTF-8 then is replaced, and so is no word that is known.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        if let Some(byte) = pair.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(path: &str) -> Vec<Kind> {
        read(path).unwrap().into_iter().map(|s| s.kind).collect()
    }

    #[test]
    fn ids_in_paths_are_known_and_versions_are_words() {
        assert_eq!(kinds("/users/7"), [Kind::Word, Kind::Number]);
        assert_eq!(
            kinds("/rest/api/2/issue/10001"),
            [Kind::Word, Kind::Word, Kind::Word, Kind::Word, Kind::Number]
        );
        assert_eq!(kinds("/1/cards"), [Kind::Word, Kind::Word]);
        assert_eq!(kinds("/files/7.json"), [Kind::Word, Kind::Number]);
        assert_eq!(read("/files/7.json").unwrap()[1].ending, ".json");
        assert_eq!(
            kinds("/x/user:018f3e5e-9c1b-7abc-8def-0123456789ab"),
            [Kind::Word, Kind::Opaque]
        );
        assert_eq!(kinds("/people/ada%40example.com"), [Kind::Word, Kind::Email]);
    }

    #[test]
    fn a_path_with_a_secret_in_it_is_refused() {
        for path in [
            "/reset/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
            "/bot123456:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/getMe",
            "/cart;jsessionid=1A2B",
            "/hook/sk_live_4eC39HqLyjWDarjtT1zdp7dc",
        ] {
            assert_eq!(read(path).unwrap_err().0, "secret_in_path", "{path}");
        }
        assert_eq!(read(&format!("/{}", "a".repeat(200))).unwrap_err().0, "bad_path");
    }
}
