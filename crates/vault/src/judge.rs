use std::fmt;

/// The shortest passphrase, in characters.
pub const LEAST_CHARS: usize = 12;
/// The longest, in bytes.
pub const MOST_BYTES: usize = 1024;
/// What has to be left once everything that is guessed first is taken away.
const REST: usize = 8;
/// How many different characters it takes.
const DIFFERENT: usize = 6;
/// The shortest run of neighbours that counts as one: `1234`, `abcd`, `qwer`.
const RUN: usize = 4;

/// Why a passphrase is not taken. Judged by length, a block list and repetition; never by classes of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weakness {
    /// Fewer than [`LEAST_CHARS`] characters.
    Short,
    /// More than [`MOST_BYTES`] bytes.
    Long,
    /// Mostly words, names or rows of keys that are tried first.
    Common,
    /// The same few characters, or one piece again and again.
    Repeats,
    /// A character that cannot be typed everywhere.
    Control,
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short => write!(
                f,
                "use at least {LEAST_CHARS} characters, such as four words that do not belong together"
            ),
            Self::Long => write!(f, "use at most {MOST_BYTES} bytes"),
            Self::Common => f.write_str(
                "it is made of what is guessed first; use words that do not belong together",
            ),
            Self::Repeats => {
                f.write_str("it repeats itself; use words that do not belong together")
            }
            Self::Control => f.write_str("it has a control character in it"),
        }
    }
}

/// Judges a new passphrase.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn judge(passphrase: &str) -> Result<(), Weakness> {
    if passphrase.len() > MOST_BYTES {
        return Err(Weakness::Long);
    }
    if passphrase.chars().count() < LEAST_CHARS {
        return Err(Weakness::Short);
    }
    if passphrase.chars().any(char::is_control) {
        return Err(Weakness::Control);
    }
    let plain: Vec<char> =
        passphrase.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    if KNOWN.contains(&plain.iter().collect::<String>().as_str()) {
        return Err(Weakness::Common);
    }
    let once = &plain[..period(&plain)];
    if once.len() < LEAST_CHARS.min(plain.len()) || different(&plain) < DIFFERENT {
        return Err(Weakness::Repeats);
    }
    let rest = without_runs(&without_words(once));
    let rest = rest.iter().filter(|c| c.is_alphanumeric() || !c.is_ascii()).count();
    // Signs count, too, where there are many of them: a random text has no words to take away.
    let signs = once.iter().filter(|c| c.is_ascii_punctuation()).count();
    if rest + signs.min(REST / 2) < REST { Err(Weakness::Common) } else { Ok(()) }
}

/// The length of the piece that the text is made of, again and again.
fn period(text: &[char]) -> usize {
    let repeats = |n: &usize| text.iter().skip(*n).zip(text).all(|(a, b)| a == b);
    (1..=text.len() / 2).find(repeats).unwrap_or(text.len())
}

fn different(text: &[char]) -> usize {
    let mut all = text.to_vec();
    all.sort_unstable();
    all.dedup();
    all.len()
}

/// The text without the words that are tried first, as they are and with digits and signs for letters.
fn without_words(text: &[char]) -> Vec<char> {
    let folded: Vec<char> = text.iter().map(|c| unmask(*c)).collect();
    let mut gone = vec![false; text.len()];
    for word in WORDS {
        let word: Vec<char> = word.chars().collect();
        for form in [text, &folded] {
            let hits = form.windows(word.len()).enumerate().filter(|(_, w)| *w == word.as_slice());
            for (at, _) in hits {
                gone[at..at + word.len()].fill(true);
            }
        }
    }
    text.iter().zip(gone).filter(|(_, gone)| !gone).map(|(c, _)| *c).collect()
}

/// The letter that a digit or a sign is usually written for.
const fn unmask(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' | '+' => 't',
        '8' => 'b',
        other => other,
    }
}

/// The text without runs of one character, of neighbours in the alphabet or of neighbours on a keyboard.
fn without_runs(text: &[char]) -> Vec<char> {
    let mut rest = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let run = run(&text[at..]);
        if run >= RUN {
            at += run;
        } else {
            rest.push(text[at]);
            at += 1;
        }
    }
    rest
}

fn run(text: &[char]) -> usize {
    let steps = [step as fn(char, char) -> Option<i64>, key_step];
    let longest = steps.into_iter().map(|step| {
        let first = text.first().zip(text.get(1)).and_then(|(a, b)| step(*a, *b));
        let Some(first) = first else { return 1 };
        1 + text.windows(2).take_while(|w| step(w[0], w[1]) == Some(first)).count()
    });
    longest.max().unwrap_or(1)
}

/// How far two characters lie apart in the alphabet: the same, or neighbours.
fn step(a: char, b: char) -> Option<i64> {
    let apart = i64::from(u32::from(b)) - i64::from(u32::from(a));
    (-1..=1).contains(&apart).then_some(apart)
}

/// The same on a row of a keyboard.
fn key_step(a: char, b: char) -> Option<i64> {
    ROWS.iter().find_map(|row| {
        let (a, b) = (row.find(a)?, row.find(b)?);
        let apart = i64::try_from(b).ok()? - i64::try_from(a).ok()?;
        (apart.abs() == 1).then_some(apart)
    })
}

const ROWS: [&str; 7] =
    ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop", "yxcvbnm"];

/// Whole passphrases that everybody knows, without their spaces.
const KNOWN: [&str; 8] = [
    "correcthorsebatterystaple",
    "thequickbrownfoxjumpsoverthelazydog",
    "thequickbrownfox",
    "tobeornottobe",
    "tobeornottobethatisthequestion",
    "maytheforcebewithyou",
    "openthepodbaydoors",
    "iamyourfatherluke",
];

/// Words, names and habits that guessing begins with.
const WORDS: [&str; 123] = [
    "password",
    "passwort",
    "passphrase",
    "passw",
    "pass",
    "contrasena",
    "motdepasse",
    "parola",
    "senha",
    "wachtwoord",
    "letmein",
    "welcome",
    "willkommen",
    "bienvenue",
    "changeme",
    "changeit",
    "default",
    "secret",
    "geheim",
    "vault",
    "portcullis",
    "gateway",
    "admin",
    "administrator",
    "root",
    "user",
    "login",
    "guest",
    "test",
    "demo",
    "sample",
    "example",
    "temp",
    "master",
    "server",
    "system",
    "access",
    "private",
    "token",
    "iloveyou",
    "loveyou",
    "love",
    "monkey",
    "dragon",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "basketball",
    "soccer",
    "hockey",
    "superman",
    "batman",
    "spiderman",
    "pokemon",
    "starwars",
    "shadow",
    "michael",
    "jennifer",
    "jordan",
    "jessica",
    "ashley",
    "daniel",
    "charlie",
    "thomas",
    "robert",
    "andrew",
    "matthew",
    "michelle",
    "nicole",
    "hannah",
    "george",
    "hunter",
    "killer",
    "trustno",
    "whatever",
    "freedom",
    "computer",
    "internet",
    "google",
    "facebook",
    "microsoft",
    "windows",
    "linux",
    "ubuntu",
    "apple",
    "samsung",
    "qwerty",
    "qwertz",
    "azerty",
    "asdf",
    "zxcv",
    "qazwsx",
    "abcd",
    "hello",
    "hallo",
    "bonjour",
    "ninja",
    "flower",
    "cheese",
    "cookie",
    "chocolate",
    "summer",
    "winter",
    "spring",
    "autumn",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "monday",
    "friday",
    "sunday",
    "company",
    "office",
    "blink",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passphrases_are_judged_by_length_block_list_and_repetition() {
        for (id, text, expected) in [
            ("b-vault-01", "aB3$xY7!qZ", Err(Weakness::Short)),
            ("b-vault-02", "passwordpassword1234", Err(Weakness::Common)),
            ("b-vault-03", "orbit velvet canyon thimble", Ok(())),
            ("b-vault-04", "x7#Kp2!vQ9@mZ4$wL8&t", Ok(())),
            ("", "P@ssw0rd P@ssw0rd 2024", Err(Weakness::Common)),
            ("", "qwertyuiopasdfghjkl", Err(Weakness::Common)),
            ("", "12345678901234567890", Err(Weakness::Repeats)),
            ("", "abcdefghijklmnopqrstuvwxyz", Err(Weakness::Common)),
            ("", "aaaaaaaaaaaaaaaaaaaa", Err(Weakness::Repeats)),
            ("", "xk2 xk2 xk2 xk2 xk2", Err(Weakness::Repeats)),
            ("", "correct horse battery staple", Err(Weakness::Common)),
            ("", "welcomeadmin!!!!", Err(Weakness::Common)),
            ("", "pergamon-übersee", Ok(())),
            ("", "lowercaseonlyisfine", Ok(())),
            ("", "93710482650918", Ok(())),
            ("", "a tab\tin this text", Err(Weakness::Control)),
        ] {
            assert_eq!(judge(text), expected, "{id} {text}");
        }
    }

    #[test]
    fn a_passphrase_has_a_longest_and_a_shortest_length_in_characters() {
        let long: String = "orbit velvet canyon thimble ".repeat(40);
        assert_eq!(judge(&long), Err(Weakness::Long));
        assert_eq!(judge("öäüßéèêçñøå"), Err(Weakness::Short));
        assert_eq!(judge("öäüßéèêçñøåx"), Ok(()));
    }
}
