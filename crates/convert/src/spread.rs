use serde_json::{Map, Value};

use crate::{Body, Parameter};

/// Most bytes of an argument's name.
const LONGEST: usize = 64;

/// The arguments of a tool, gathered from every place: names that clash get the place behind them.
#[derive(Debug, Clone, Default)]
pub struct Arguments {
    all: Vec<Argument>,
}

#[derive(Debug, Clone)]
struct Argument {
    wire: String,
    place: &'static str,
    schema: Value,
    required: bool,
}

impl Arguments {
    /// Takes an argument in. What it is called is settled at the end; until then its number stands for it.
    pub fn add(
        &mut self,
        wire: &str,
        place: &'static str,
        schema: Value,
        required: bool,
    ) -> String {
        self.all.push(Argument { wire: wire.to_owned(), place, schema, required });
        (self.all.len() - 1).to_string()
    }

    /// Names every argument, and puts the names into what refers to them.
    pub fn finish(
        self,
        parameters: &mut [Parameter],
        body: Option<&mut Body>,
    ) -> (Map<String, Value>, Vec<String>) {
        let names = names(&self.all);
        let learn = |argument: &mut String| {
            if let Some(name) = argument.parse().ok().and_then(|n: usize| names.get(n)) {
                argument.clone_from(name);
            }
        };
        parameters.iter_mut().filter(|p| p.fixed.is_none()).for_each(|p| learn(&mut p.argument));
        if let Some(body) = body {
            body.members
                .iter_mut()
                .map(|(argument, _)| argument)
                .chain(&mut body.whole)
                .for_each(learn);
        }
        let mut properties = Map::new();
        let mut required = Vec::new();
        for (argument, name) in self.all.into_iter().zip(&names) {
            properties.insert(name.clone(), argument.schema);
            if argument.required {
                required.push(name.clone());
            }
        }
        (properties, required)
    }
}

fn names(all: &[Argument]) -> Vec<String> {
    let plain: Vec<String> = all.iter().map(|a| lawful(&a.wire)).collect();
    let mut names: Vec<String> = Vec::with_capacity(all.len());
    for (n, argument) in all.iter().enumerate() {
        let clashes = plain.iter().filter(|p| **p == plain[n]).count() > 1;
        let mut name = plain[n].clone();
        if clashes {
            name = lawful(&format!("{}_{}", cut(&name, LONGEST - 8), argument.place));
        }
        let mut tried = 2;
        let wanted = name.clone();
        while names.contains(&name) || (clashes && plain.contains(&name)) {
            name = format!("{}_{tried}", cut(&wanted, LONGEST - 6));
            tried += 1;
        }
        names.push(name);
    }
    names
}

/// A name that models and providers take: letters, digits, `_`, `.` and `-`, at most 64 bytes.
fn lawful(wire: &str) -> String {
    let mut name: String = wire
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-') { c } else { '_' })
        .collect();
    if name.bytes().all(|c| c == b'_')
        || matches!(name.as_str(), "constructor" | "prototype" | "__proto__")
    {
        name.push_str("value");
    }
    cut(&name, LONGEST).to_owned()
}

fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most.min(text.len()))]
}
