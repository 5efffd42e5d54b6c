use std::collections::HashMap;

use crate::Tool;

/// The longest name of a tool.
const LONGEST: usize = 64;

/// A tool without its name, and what the name is made from.
#[derive(Debug, Clone)]
pub struct Draft {
    tool: Tool,
    wanted: String,
    /// Method, path and variant: the same however the description is ordered, and never that of another tool.
    identity: String,
}

impl Draft {
    /// A tool that would be called `wanted`, or as near to it as a name can be. `identity` is what tells it from others
    /// that want the same.
    pub fn new(tool: Tool, wanted: &str, identity: String) -> Self {
        let wanted = lawful(wanted);
        Self { tool, wanted: if wanted.is_empty() { "root".to_owned() } else { wanted }, identity }
    }
}

/// Names all tools; what comes with each stays with it. Those that want the same name all get a mark made from what they
/// are, so that none depends on which came first.
pub fn settle<T>(drafts: Vec<(Draft, T)>) -> Vec<(Tool, T)> {
    let mut wanted: HashMap<String, usize> = HashMap::new();
    for (draft, _) in &drafts {
        *wanted
            .entry(shortened(&draft.wanted, &draft.identity).to_ascii_lowercase())
            .or_default() += 1;
    }
    let mut tools: Vec<(Tool, T)> = drafts
        .into_iter()
        .map(|(draft, with)| {
            let mut name = shortened(&draft.wanted, &draft.identity);
            if wanted.get(&name.to_ascii_lowercase()).is_some_and(|n| *n > 1) {
                name = marked(&name, &draft.identity);
            }
            (Tool { name, ..draft.tool }, with)
        })
        .collect();
    tools.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
    tools.dedup_by(|(a, _), (b, _)| a.name == b.name);
    tools
}

/// Letters, digits, `_` and `-`; whatever else is between becomes one `_`.
pub(crate) fn lawful(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || c == '-' || c == '_' {
            out.push(c);
        } else if !out.ends_with('_') && !out.is_empty() {
            out.push('_');
        }
    }
    out.trim_matches('_').to_owned()
}

/// A name that is too long keeps its first words, and a mark that tells it from others that begin alike.
fn shortened(name: &str, identity: &str) -> String {
    if name.len() <= LONGEST { name.to_owned() } else { marked(name, identity) }
}

fn marked(name: &str, identity: &str) -> String {
    let mark = mark(identity);
    let room = LONGEST - mark.len() - 1;
    let head = if name.len() <= room {
        name
    } else {
        let cut = &name[..room];
        // At the end of a word, unless that would leave little.
        let end = cut.rfind(['_', '-']).filter(|at| *at > room / 2).unwrap_or(room);
        cut[..end].trim_end_matches(['_', '-'])
    };
    format!("{head}_{mark}")
}

/// Eight letters and digits of a 64-bit FNV-1a hash.
fn mark(identity: &str) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut hash = identity.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    // The low bits of FNV say little of the first bytes.
    hash ^= hash >> 32;
    (0..8).map(|n| char::from(ALPHABET[(hash >> (5 * n) & 31) as usize])).collect()
}
