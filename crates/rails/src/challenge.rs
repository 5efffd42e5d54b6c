//! `WWW-Authenticate` (RFC 9110 section 11.6.1): a list of challenges whose commas are also commas between parameters.

use model::money::MoneyRule;

use crate::{Flaw, MAX_ACCEPTS, MAX_HEADER};

/// One challenge: a scheme, and either a token68 or parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme as it was written; its case means nothing.
    pub scheme: String,
    /// `scheme token68`, where it has that form.
    pub token68: Option<String>,
    /// Names in lower case, and values with quotes and escapes resolved, in the order of the text.
    pub params: Vec<(String, String)>,
}

impl Challenge {
    fn new(scheme: String) -> Self {
        Self { scheme, token68: None, params: Vec::new() }
    }

    /// Whether the scheme is this one, in any case.
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// A parameter by its whole name, which is given in lower case.
    ///
    /// # Errors
    /// `ambiguous` if it stands there twice, be it with the same value.
    pub fn get(&self, name: &str) -> Result<Option<&str>, Flaw> {
        let mut found = self.params.iter().filter(|(known, _)| known == name);
        let first = found.next();
        if found.next().is_some() {
            let why = format!("The challenge gives its parameter `{name}` twice.");
            return Err(Flaw::new(MoneyRule::Ambiguous, why));
        }
        Ok(first.map(|(_, value)| value.as_str()))
    }
}

/// Reads the value of one field line.
///
/// # Errors
/// `too_large`; `header_injection` for control characters anywhere in it; `bad_challenge` for what is not the grammar.
/// A line is read whole or not at all: behind a mistake nobody can say where the next challenge begins.
pub fn parse(line: &[u8]) -> Result<Vec<Challenge>, Flaw> {
    if line.len() > MAX_HEADER {
        return Err(Flaw::new(
            MoneyRule::TooLarge,
            "The challenge is longer than a header may be.",
        ));
    }
    if line.iter().any(|c| c.is_ascii_control() && *c != b'\t') {
        let why = "The challenge has control characters that could begin another header.";
        return Err(Flaw::new(MoneyRule::HeaderInjection, why));
    }
    let mut cursor = Cursor { text: line, at: 0 };
    let mut found: Vec<Challenge> = Vec::new();
    cursor.skip_empty();
    while cursor.peek().is_some() {
        if found.len() == MAX_ACCEPTS {
            return Err(Flaw::new(MoneyRule::TooLarge, "There are more challenges than are read."));
        }
        found.push(cursor.challenge()?);
        cursor.skip_empty();
    }
    Ok(found)
}

fn bad() -> Flaw {
    Flaw::new(MoneyRule::BadChallenge, "The challenge does not follow the grammar of its header.")
}

struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) -> bool {
        let start = self.at;
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        self.at > start
    }

    /// White space and empty list elements (RFC 9110 section 5.6.1.2). Says whether there was a comma.
    fn skip_empty(&mut self) -> bool {
        let mut comma = false;
        self.space();
        while self.peek() == Some(b',') {
            comma = true;
            self.at += 1;
            self.space();
        }
        comma
    }

    fn run(&mut self, belongs: fn(u8) -> bool) -> String {
        let start = self.at;
        while self.peek().is_some_and(belongs) {
            self.at += 1;
        }
        String::from_utf8_lossy(&self.text[start..self.at]).into_owned()
    }

    fn token(&mut self) -> Result<String, Flaw> {
        let token = self.run(is_tchar);
        if token.is_empty() { Err(bad()) } else { Ok(token) }
    }

    fn challenge(&mut self) -> Result<Challenge, Flaw> {
        let mut challenge = Challenge::new(self.token()?);
        if !self.space() {
            return self.ends(challenge);
        }
        if let Some(token68) = self.token68() {
            challenge.token68 = Some(token68);
            return self.ends(challenge);
        }
        // `Scheme , Next`: a scheme alone, with white space behind it.
        if matches!(self.peek(), None | Some(b',')) {
            return Ok(challenge);
        }
        loop {
            challenge.params.push(self.param()?);
            let back = self.at;
            let more = self.skip_empty();
            if self.peek().is_none() {
                return Ok(challenge);
            }
            if !more {
                return Err(bad());
            }
            if !self.param_follows() {
                self.at = back;
                return Ok(challenge);
            }
        }
    }

    /// After a challenge: the end of the line or of the list element.
    fn ends(&mut self, challenge: Challenge) -> Result<Challenge, Flaw> {
        self.space();
        if matches!(self.peek(), None | Some(b',')) { Ok(challenge) } else { Err(bad()) }
    }

    /// A token68, if a whole list element is one; `a=b` and `a="b"` are parameters.
    fn token68(&mut self) -> Option<String> {
        let back = self.at;
        let mut text = self.run(is_token68);
        let body = !text.is_empty();
        text.push_str(&self.run(|c| c == b'='));
        let end = self.at;
        self.space();
        if body && matches!(self.peek(), None | Some(b',')) {
            self.at = end;
            return Some(text);
        }
        self.at = back;
        None
    }

    /// Whether `name =` stands here, and not a scheme. Looks, and does not move.
    fn param_follows(&mut self) -> bool {
        let back = self.at;
        let name = self.run(is_tchar);
        self.space();
        let follows = !name.is_empty() && self.peek() == Some(b'=');
        self.at = back;
        follows
    }

    fn param(&mut self) -> Result<(String, String), Flaw> {
        let name = self.token()?.to_ascii_lowercase();
        self.space();
        if self.peek() != Some(b'=') {
            return Err(bad());
        }
        self.at += 1;
        self.space();
        let value = if self.peek() == Some(b'"') {
            self.quoted()?
        } else {
            // Beyond the grammar: base64 stands here without quotes in practice.
            let value = self.run(|c| is_tchar(c) || is_token68(c) || c == b'=');
            if value.is_empty() {
                return Err(bad());
            }
            value
        };
        Ok((name, value))
    }

    fn quoted(&mut self) -> Result<String, Flaw> {
        self.at += 1;
        let mut out = Vec::new();
        loop {
            let byte = self.peek().ok_or_else(bad)?;
            self.at += 1;
            match byte {
                b'"' => return Ok(String::from_utf8_lossy(&out).into_owned()),
                b'\\' => {
                    out.push(self.peek().ok_or_else(bad)?);
                    self.at += 1;
                }
                _ => out.push(byte),
            }
        }
    }
}

/// RFC 9110 section 5.6.2.
fn is_tchar(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c)
}

/// RFC 9110 section 11.2, without the padding.
fn is_token68(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"-._~+/".contains(&c)
}
