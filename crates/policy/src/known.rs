use std::collections::{BTreeMap, BTreeSet};

/// The names a policy may speak of, so that a mistyped one is an error and not a rule that never applies.
#[derive(Debug, Clone, Default)]
pub struct Known {
    sources: BTreeSet<String>,
    aliases: BTreeSet<String>,
    renamed: BTreeMap<String, String>,
    anything: bool,
}

impl Known {
    /// The configured sources, and every exposed name that does not begin with `source__`: aliases, and the names of
    /// sources that are exposed without a prefix.
    pub fn new(
        sources: impl IntoIterator<Item = impl Into<String>>,
        aliases: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            sources: sources.into_iter().map(Into::into).collect(),
            aliases: aliases.into_iter().map(Into::into).collect(),
            renamed: BTreeMap::new(),
            anything: false,
        }
    }

    /// What agents know by another name than its own, each as `(own, other)`: a rule for the own name would never
    /// apply, so it is an error that says the other one.
    #[must_use]
    pub fn renamed(mut self, names: impl IntoIterator<Item = (String, String)>) -> Self {
        self.renamed = names.into_iter().filter(|(own, other)| own != other).collect();
        self
    }

    /// For checking a policy away from any configuration: no name is called unknown.
    pub fn anything() -> Self {
        Self { anything: true, ..Self::default() }
    }

    /// Whether a source of this name is configured. The error is what to say after the name.
    pub(crate) fn source(&self, name: &str) -> Result<(), String> {
        if self.anything || self.sources.contains(name) {
            return Ok(());
        }
        Err(format!("no source `{name}`{}", hint(name, self.sources.iter().map(String::as_str))))
    }

    /// Whether a thing of this exposed name may exist.
    pub(crate) fn exposed(&self, name: &str) -> Result<(), String> {
        if let Some(other) = self.renamed.get(name).filter(|_| !self.aliases.contains(name)) {
            return Err(format!("no name `{name}`: agents know it as `{other}`"));
        }
        if self.anything || self.aliases.contains(name) {
            return Ok(());
        }
        match name.split_once("__") {
            Some((source, _)) => self.source(source),
            None => Err(format!(
                "no name outside the sources `{name}`{}",
                hint(name, self.aliases.iter().map(String::as_str))
            )),
        }
    }

    /// Whether anything may have an exposed name that begins like this.
    pub(crate) fn prefix(&self, prefix: &str) -> Result<(), String> {
        if let Some((source, _)) = prefix.split_once("__") {
            if self.aliases.iter().any(|a| a.starts_with(prefix)) {
                return Ok(());
            }
            return self.source(source);
        }
        let begins = |name: &str| format!("{name}__").starts_with(prefix);
        if self.anything
            || self.sources.iter().any(|s| begins(s))
            || self.aliases.iter().any(|a| a.starts_with(prefix))
        {
            return Ok(());
        }
        let all = self.sources.iter().chain(&self.aliases).map(String::as_str);
        Err(format!(
            "nothing that begins with `{prefix}`{}",
            hint(prefix.trim_end_matches('_'), all)
        ))
    }
}

/// `: did you mean …?` if one of `names` is near, otherwise the list of them while it is short.
pub(crate) fn hint<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if let Some(near) = nearest(wrong, names.iter().copied()) {
        return format!(": did you mean `{near}`?");
    }
    match names.len() {
        0 | 9.. => String::new(),
        _ => format!(": there is `{}`", names.join("`, `")),
    }
}

/// The name most like `wrong`, if any is like it at all: a third of its characters may differ, two at the least.
pub(crate) fn nearest<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (wrong.chars().count() / 3).max(2);
    names
        .map(|name| (distance(&wrong.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= allowed && *distance < name.chars().count())
        .min()
        .map(|(_, name)| name)
}

/// Insertions, removals, replacements and swaps of neighbours that lead from `a` to `b`.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: [Vec<usize>; 3] = [Vec::new(), Vec::new(), (0..=b.len()).collect()];
    for (i, x) in a.iter().enumerate() {
        rows.rotate_left(1);
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut least =
                (rows[1][j] + usize::from(x != y)).min(rows[1][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                least = least.min(rows[0][j - 1] + 1);
            }
            row.push(least);
        }
        rows[2] = row;
    }
    rows[2].last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_hand_is_one_step_and_the_nearest_name_is_offered() {
        assert_eq!(distance("gihtub", "github"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        for (long, short) in [("githhub", "github"), ("xgithub", "github"), ("abc", "")] {
            assert_eq!(distance(long, short), distance(short, long), "{long} {short}");
        }
        assert_eq!(distance("githhub", "github"), 1);
        let known = Known::new(["github", "files"], ["money_back"]);
        assert_eq!(
            known.source("gihtub"),
            Err("no source `gihtub`: did you mean `github`?".into())
        );
        assert_eq!(
            known.source("mail"),
            Err("no source `mail`: there is `files`, `github`".into())
        );
        assert_eq!(
            known.exposed("money_bak"),
            Err("no name outside the sources `money_bak`: did you mean `money_back`?".into())
        );
        assert!(known.exposed("github__anything").is_ok() && known.exposed("money_back").is_ok());
        assert!(
            known.prefix("git").is_ok()
                && known.prefix("github_").is_ok()
                && known.prefix("").is_ok()
        );
        assert!(known.prefix("gti").is_err() && known.prefix("gihtub__").is_err());
    }

    #[test]
    fn only_what_is_like_a_name_is_offered_and_only_a_short_list_is_shown() {
        assert_eq!(nearest("nottfixer", ["notifiers"].into_iter()), Some("notifiers"));
        assert_eq!(nearest("notxxxers", ["notifiers"].into_iter()), Some("notifiers"));
        assert_eq!(nearest("notxxxxrs", ["notifiers"].into_iter()), None);
        assert_eq!(nearest("xy", ["ab"].into_iter()), None);
        let names = ["a1", "b2", "c3", "d4", "e5", "f6", "g7", "h8", "i9"];
        assert_eq!(hint("mail", names.into_iter()), "");
        assert!(hint("mail", names.into_iter().take(8)).starts_with(": there is `a1`, "));
        assert_eq!(hint("mail", std::iter::empty()), "");
    }
}
