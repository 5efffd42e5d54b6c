use super::policies::spoken_of;
use crate::config::{ConfigError, Loaded, Source, prefix};

/// The table of rules, with patterns in the names that policy goes by.
///
/// A rule whose pattern nothing can ever match would be a `deny` that denies nothing, so it is an error. This looks at
/// what depends on prefixes; the rest is the policy room's.
pub fn rules(loaded: &Loaded) -> Result<Vec<(String, String)>, ConfigError> {
    let sources: Vec<&Source> = spoken_of(loaded).collect();
    let rules = loaded.config.policy.rules.iter();
    let each = rules.map(|(pattern, level)| match one_pattern_for(pattern, &sources) {
        Ok(pattern) => Ok((pattern, level.clone())),
        Err(message) => {
            let path = ["policy".into(), "rules".into(), pattern.as_str().into()];
            Err(ConfigError::placed(loaded, &path, &message))
        }
    });
    each.collect()
}

/// A pattern in the names that policy goes by, where it has to be one.
fn one_pattern_for(pattern: &str, sources: &[&Source]) -> Result<String, String> {
    let mut patterns = patterns_for(pattern, sources)?;
    if patterns.len() > 1 {
        let head = pattern.trim_end_matches("__*");
        return Err(format!(
            "several sources have the prefix `{head}`: name each with `source__*`"
        ));
    }
    Ok(patterns.pop().unwrap_or_else(|| pattern.to_owned()))
}

/// A pattern in the names that policy goes by: one for each source whose prefix it names whole.
pub fn patterns_for(pattern: &str, sources: &[&Source]) -> Result<Vec<String>, String> {
    let is_alias = sources.iter().flat_map(|s| s.names.values()).any(|name| name == pattern);
    let Some((head, rest)) = pattern.split_once("__").filter(|_| !is_alias) else {
        return bare(pattern, is_alias, sources).map(|pattern| vec![pattern]);
    };
    let by_prefix: Vec<&Source> =
        sources.iter().copied().filter(|s| prefix(s).is_some_and(|p| p == head)).collect();
    let by_name = sources.iter().find(|s| s.name == head);
    match (by_prefix.as_slice(), by_name, rest) {
        ([_, ..], _, "*") => Ok(by_prefix.iter().map(|s| format!("{}__*", s.name)).collect()),
        ([_, ..], _, _) | ([], Some(_), "*") => Ok(vec![pattern.to_owned()]),
        ([], Some(source), _) => Err(match prefix(source) {
            Some(prefix) => {
                format!(
                    "the pattern `{pattern}` matches nothing: the tools of `{head}` are called `{prefix}__…`"
                )
            }
            None => format!(
                "the pattern `{pattern}` matches nothing: the tools of `{head}` have no prefix, so leave `{head}__` out"
            ),
        }),
        ([], None, _) => {
            let names: Vec<&str> = sources.iter().map(|s| s.name.as_str()).collect();
            Err(format!("the pattern `{pattern}` matches no source `{head}`{}", hint(head, &names)))
        }
    }
}

/// A pattern that names no source.
fn bare(pattern: &str, is_alias: bool, sources: &[&Source]) -> Result<String, String> {
    let begin = pattern.strip_suffix('*');
    let possible = is_alias
        || sources.iter().any(|s| match (prefix(s), begin) {
            (None, _) => true,
            (Some(own), Some(begin)) => {
                format!("{own}__").starts_with(begin)
                    || s.names.values().any(|name| name.starts_with(begin))
            }
            (Some(_), None) => false,
        });
    // What may be a mistyped alias is the policy room's to say, which knows them all.
    let ours = sources.iter().all(|s| prefix(s).is_some_and(|p| p == s.name));
    if possible || ours {
        return Ok(pattern.to_owned());
    }
    Err(format!("the pattern `{pattern}` matches nothing that any source could have"))
}

fn hint(wrong: &str, names: &[&str]) -> String {
    match near(wrong, names) {
        near if near.is_empty() && !names.is_empty() => {
            format!(": there is `{}`", names.join("`, `"))
        }
        near => near,
    }
}

/// `: did you mean …?` where a name is like the wrong one, else nothing.
pub(super) fn near(wrong: &str, names: &[&str]) -> String {
    let near = names.iter().min_by_key(|name| strsim::damerau_levenshtein(wrong, name));
    match near {
        Some(name) if strsim::damerau_levenshtein(wrong, name) <= (wrong.len() / 3).max(2) => {
            format!(": did you mean `{name}`?")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn of(rule: &str) -> Result<Vec<(String, String)>, String> {
        let text = format!(
            "[[source]]\nname = \"shop\"\nmcp = {{ command = [\"x\"] }}\n\
             [[source]]\nname = \"files\"\nprefix = \"fs\"\nmcp = {{ command = [\"x\"] }}\n\
             [policy]\nrules = {{ \"{rule}\" = \"deny\" }}\n"
        );
        let loaded = crate::config::parse(Path::new("p.toml"), text).unwrap();
        rules(&loaded).map_err(|e| e.to_string())
    }

    #[test]
    fn a_pattern_goes_by_the_names_that_agents_see() {
        let one = |pattern: &str| Ok(vec![(pattern.to_owned(), "deny".to_owned())]);
        assert_eq!(of("shop__refund"), one("shop__refund"));
        assert_eq!(of("fs__*"), one("files__*"));
        assert_eq!(of("fs__read"), one("fs__read"));
        assert_eq!(of("files__*"), one("files__*"));
    }

    // b-policy-12
    #[test]
    fn a_pattern_that_can_match_nothing_is_an_error_at_its_line() {
        for (pattern, says) in [
            ("sohp__*", "no source `sohp`: did you mean `shop`?"),
            ("files__read", "the tools of `files` are called `fs__…`"),
            ("refund", "matches nothing"),
        ] {
            let error = of(pattern).unwrap_err();
            assert!(error.contains(says) && error.starts_with("p.toml:9:"), "{error}");
        }
    }
}
