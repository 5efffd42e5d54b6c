//! Names that an operator wrote down and that nothing has: a `forbid` with a slip in it forbids nothing.

use gate::Tool;
use model::SourceName;
use policy::PolicySet;

use super::patterns::{may_own, means};
use super::policies::spoken_of;
use super::rules::near;
use crate::config::{Loaded, Source};

/// A name of tools that none has now, and where it stands.
#[derive(Debug, PartialEq, Eq)]
pub struct Stray {
    /// Such as `policies/shop.cedar:3`.
    pub place: String,
    /// The name, or a pattern.
    pub name: String,
    /// What may be meant, as a hint to be put behind the name.
    pub hint: String,
}

/// Those of policies, of the table of rules, and of `effects` and `names` of sources. Held against what every source
/// offers; rules and `names` may mean prompts as well. Of `silent` sources, which do not answer, nothing is said.
pub fn strays(
    loaded: &Loaded,
    set: &PolicySet,
    tools: &[Tool],
    prompts: &[Tool],
    silent: &[SourceName],
) -> Vec<Stray> {
    let sources: Vec<&Source> = spoken_of(loaded).collect();
    let (silent, asked): (Vec<&Source>, Vec<&Source>) = sources
        .into_iter()
        .partition(|source| silent.iter().any(|name| name.as_str() == source.name));
    let known = |name: &str, prompts: &[Tool]| {
        silent.iter().any(|source| may_own(name, source))
            || tools.iter().chain(prompts).any(|one| means(name, one))
    };
    // All of a source may be its resources.
    let is_whole =
        |pattern: &str| pattern == "*" || asked.iter().any(|s| pattern == format!("{}__*", s.name));
    let exposed: Vec<&str> = tools.iter().map(|tool| tool.exposed.as_str()).collect();
    let rules = loaded.config.policy.rules.keys();
    let rules = rules.filter(|pattern| !is_whole(pattern) && !known(pattern, prompts));
    let rules = rules.map(|pattern| ("[policy.rules]".to_owned(), pattern.clone()));
    let named = set.named_tools().into_iter().filter(|(_, name)| !known(name, &[]));
    let mut found: Vec<Stray> = named
        .chain(rules)
        .map(|(place, name)| Stray { hint: near(&name, &exposed), place, name })
        .collect();
    for source in &asked {
        let own = |offered: &[Tool]| -> Vec<String> {
            let own = offered.iter().filter(|one| one.source == source.name);
            own.map(|one| one.upstream.clone()).collect()
        };
        let (tools, both) = (own(tools), [own(tools), own(prompts)].concat());
        for (key, names, own) in [
            ("effects", source.effects.keys().collect::<Vec<_>>(), &tools),
            ("names", source.names.keys().collect(), &both),
        ] {
            let own: Vec<&str> = own.iter().map(String::as_str).collect();
            let is_there = |name: &str| match name.strip_suffix('*') {
                Some(begin) => own.iter().any(|tool| tool.starts_with(begin)),
                None => own.contains(&name),
            };
            let lost = names.into_iter().filter(|name| !is_there(name));
            found.extend(lost.map(|name| Stray {
                place: format!("`{key}` of source `{}`", source.name),
                name: name.clone(),
                hint: near(name, &own),
            }));
        }
    }
    found
}
