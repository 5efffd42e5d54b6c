use std::collections::HashSet;

use model::Effect;

/// Longest name of a tool.
const LONGEST: usize = 64;
/// Words that say that something goes away.
const DESTRUCTIVE: [&str; 14] = [
    "delete",
    "remove",
    "destroy",
    "purge",
    "erase",
    "drop",
    "wipe",
    "clear",
    "revoke",
    "reset",
    "truncate",
    "discard",
    "terminate",
    "uninstall",
];

/// A name for a tool: what is not allowed becomes `_`, and a name that is too long ends with a mark of the whole.
pub(crate) fn tool(name: &str) -> String {
    let clean: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' })
        .collect();
    let clean = if clean.is_empty() { "operation".to_owned() } else { clean };
    if clean.len() <= LONGEST {
        return clean;
    }
    let mark = format!("_{:08x}", mark(name));
    format!("{}{mark}", &clean[..LONGEST - mark.len()])
}

/// The name, or if it is taken the name with the kind of operation behind it; nothing if that is taken too.
pub(crate) fn settle(taken: &mut HashSet<String>, name: &str, kind: &str) -> Option<String> {
    let plain = tool(name);
    if taken.insert(plain.clone()) {
        return Some(plain);
    }
    let longer = tool(&format!("{name}_{kind}"));
    taken.insert(longer.clone()).then_some(longer)
}

/// FNV-1a: the same for the same name on every machine. It keeps names apart and guards nothing.
fn mark(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The effect that a mutation's name proposes.
pub(crate) fn mutation(name: &str) -> Effect {
    let destroys = words(name).iter().any(|word| DESTRUCTIVE.contains(&word.as_str()));
    if destroys { Effect::Destructive } else { Effect::Write }
}

/// The words of a name in camel case or with underscores, in small letters.
pub(crate) fn words(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = Vec::new();
    let mut before = '_';
    for (at, c) in chars.iter().copied().enumerate() {
        let last_of_capitals = chars.get(at + 1).is_some_and(|next| next.is_lowercase());
        let begins = c.is_uppercase() && (!before.is_uppercase() || last_of_capitals);
        if c.is_alphanumeric() {
            if begins || !before.is_alphanumeric() {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
        }
        before = c;
    }
    words
}

/// A text with a capital first letter, as operations are called.
pub(crate) fn capital(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
