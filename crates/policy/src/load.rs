use std::collections::BTreeMap;

use cedar_policy::PolicyId;

use crate::annotations;
use crate::check;
use crate::error::{LoadError, Place};
use crate::known::Known;
use crate::levels;
use crate::names;
use crate::reads::Reads;
use crate::rule::Rule;
use crate::text;

/// Most policies there may be, levels included.
const MAX_RULES: usize = 10_000;
/// The stack Cedar's parser gets, in bytes. It takes up to 50 KiB for one pair of brackets, so that text within the
/// limits of `text.rs` could exhaust an ordinary thread.
const STACK: usize = 32 << 20;

/// The rules of all texts and of the table of levels, in that order.
pub(crate) fn rules(
    sources: &[(String, String)],
    levels: &[(String, String)],
    known: &Known,
) -> Result<Vec<Rule>, LoadError> {
    apart(|| read(sources, levels, known))
}

/// Reads policies on a thread with room for Cedar's parser.
pub(crate) fn apart<T: Send>(
    read: impl FnOnce() -> Result<T, LoadError> + Send,
) -> Result<T, LoadError> {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("policy-load".to_owned()).stack_size(STACK);
        let thread = builder.spawn_scoped(scope, read);
        let thread = thread.map_err(|_| {
            LoadError::of("policies", "could not be loaded: there is no thread to be had")
        })?;
        thread.join().unwrap_or_else(|_| {
            Err(LoadError::of("policies", "could not be loaded: the parser failed"))
        })
    })
}

fn read(
    sources: &[(String, String)],
    levels: &[(String, String)],
    known: &Known,
) -> Result<Vec<Rule>, LoadError> {
    let mut list = List { rules: Vec::new(), names: BTreeMap::new(), known };
    for (file, text) in sources {
        list.file(file, text)?;
    }
    for (index, (pattern, level)) in levels.iter().enumerate() {
        list.level(index, pattern, level)?;
    }
    Ok(list.rules)
}

struct List<'a> {
    rules: Vec<Rule>,
    /// Where each name was first used.
    names: BTreeMap<String, String>,
    known: &'a Known,
}

impl List<'_> {
    fn file(&mut self, file: &str, text: &str) -> Result<(), LoadError> {
        text::check(file, text)?;
        let fault = |(place, message): names::Fault| match place {
            Some(place) => LoadError::at(file, text, place, message),
            None => LoadError::of(file, message),
        };
        let policies = check::parse(text).map_err(fault)?;
        for (index, policy) in policies.into_iter().enumerate() {
            let start = check::start(&policy);
            let here = |message: String| LoadError::at(file, text, (start, text.len()), message);
            check::against_schema(&policy)
                .map_err(|(place, m)| fault((place.or(Some((start, start))), m)))?;
            names::check(check::core(&policy).template(), self.known)
                .map_err(|(place, m)| fault((place.or(Some((start, start))), m)))?;
            let said = annotations::read(&policy).map_err(here)?;
            let id = said.id.unwrap_or_else(|| format!("{file}#{}", index + 1));
            let line = Place::of(text, start, start).line;
            self.add(Rule {
                id,
                file: file.to_owned(),
                line,
                kind: said.kind,
                reads: Reads::default(),
                policy,
            })
            .map_err(here)?;
        }
        Ok(())
    }

    fn level(&mut self, index: usize, pattern: &str, level: &str) -> Result<(), LoadError> {
        let compiled = levels::compile(pattern, level, self.known)?;
        let broken = |(_, message): names::Fault| {
            LoadError::of(levels::FILE, format!("the pattern `{pattern}` {message}"))
        };
        for policy in check::parse(&compiled.text).map_err(broken)? {
            check::against_schema(&policy).map_err(broken)?;
            let said = annotations::read(&policy).map_err(|m| broken((None, m)))?;
            self.add(Rule {
                id: compiled.id.clone(),
                file: levels::FILE.to_owned(),
                line: index + 1,
                kind: said.kind,
                reads: Reads::default(),
                policy,
            })
            .map_err(|m| LoadError::of(levels::FILE, m))?;
        }
        Ok(())
    }

    /// Gives a rule its place in the list, which becomes the id Cedar knows it by.
    fn add(&mut self, mut rule: Rule) -> Result<(), String> {
        if self.rules.len() >= MAX_RULES {
            return Err(format!("there are more than {MAX_RULES} policies"));
        }
        if let Some(first) = self.names.insert(rule.id.clone(), rule.location()) {
            return Err(format!("the name `{}` is already used at {first}", rule.id));
        }
        rule.policy = rule.policy.new_id(PolicyId::new(self.rules.len().to_string()));
        rule.reads =
            check::core(&rule.policy).non_scope_constraints().map(Reads::of).unwrap_or_default();
        self.rules.push(rule);
        Ok(())
    }
}
