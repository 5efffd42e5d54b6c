//! What a child finds in its environment: a short list, and what the operator configured for it.

use model::Secret;

/// Variables passed from the gate to every child, where they are set: without them a program cannot find its tools
/// (`PATH`), its caches and settings (`HOME`), its language and clock (`LANG`, `TZ`) or a place for temporary files
/// (`TMPDIR`). None of them holds a credential.
pub const INHERITED: [&str; 5] = ["PATH", "HOME", "LANG", "TZ", "TMPDIR"];

/// Used where no usable `PATH` is left.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The variables of [`INHERITED`] as they are in the gate.
pub(crate) fn inherited() -> Vec<(String, String)> {
    INHERITED.iter().filter_map(|name| Some(((*name).to_owned(), ambient::env(name)?))).collect()
}

/// The whole environment of a child: configured variables win over inherited ones; `PATH` is always there and never
/// leads anywhere relative, because what a program starts is looked up there too.
pub(crate) fn compose(
    inherited: &[(String, String)],
    configured: &[(String, Secret<String>)],
) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::with_capacity(inherited.len() + configured.len() + 1);
    let configured = configured.iter().map(|(n, v)| (n.as_str(), v.reveal().as_str()));
    for (name, value) in inherited.iter().map(|(n, v)| (n.as_str(), v.as_str())).chain(configured) {
        all.retain(|(n, _)| n != name);
        all.push((name.to_owned(), value.to_owned()));
    }
    let path = all.iter().find(|(n, _)| n == "PATH").map_or(DEFAULT_PATH, |(_, v)| v);
    let path = absolute_only(path);
    all.retain(|(n, _)| n != "PATH");
    all.push(("PATH".to_owned(), path));
    all
}

/// Sets a variable, unless the operator has.
pub(crate) fn provide(
    environment: &mut Vec<(String, String)>,
    configured: &[(String, Secret<String>)],
    name: &str,
    value: &str,
) {
    if configured.iter().any(|(n, _)| n == name) {
        return;
    }
    environment.retain(|(n, _)| n != name);
    environment.push((name.to_owned(), value.to_owned()));
}

/// The value of `PATH` in a composed environment.
pub(crate) fn path(environment: &[(String, String)]) -> &str {
    environment.iter().find(|(n, _)| n == "PATH").map_or(DEFAULT_PATH, |(_, v)| v)
}

fn absolute_only(path: &str) -> String {
    let kept: Vec<&str> = path.split(':').filter(|p| p.starts_with('/')).collect();
    if kept.is_empty() { DEFAULT_PATH.to_owned() } else { kept.join(":") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn composed(inherited: &[(&str, &str)], configured: &[(&str, &str)]) -> Vec<String> {
        let inherited: Vec<_> = inherited.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect();
        let configured: Vec<_> =
            configured.iter().map(|(n, v)| ((*n).into(), Secret::new((*v).into()))).collect();
        let mut all: Vec<_> =
            compose(&inherited, &configured).iter().map(|(n, v)| format!("{n}={v}")).collect();
        all.sort();
        all
    }

    #[test]
    fn configured_variables_win_and_appear_once() {
        let all = composed(
            &[("LANG", "C"), ("PATH", "/bin")],
            &[("LANG", "de"), ("TOKEN", "t"), ("TOKEN", "u")],
        );
        assert_eq!(all, ["LANG=de", "PATH=/bin", "TOKEN=u"]);
    }

    #[test]
    fn what_is_provided_yields_to_what_is_configured() {
        let configured = [("TMPDIR".to_owned(), Secret::new("/mine".to_owned()))];
        for (configured, want) in [(&configured[..], "/mine"), (&[], "/own")] {
            let mut all = compose(&[("TMPDIR".to_owned(), "/tmp".to_owned())], configured);
            provide(&mut all, configured, "TMPDIR", "/own");
            let values: Vec<_> = all.iter().filter(|(n, _)| n == "TMPDIR").collect();
            assert_eq!(values, [&("TMPDIR".to_owned(), want.to_owned())]);
        }
    }

    #[test]
    fn relative_and_empty_entries_never_reach_a_path() {
        for (given, want) in [
            (".:/usr/bin", "PATH=/usr/bin"),
            (":/usr/bin:", "PATH=/usr/bin"),
            ("bin:/a::../b:/c", "PATH=/a:/c"),
            (".", "PATH=/usr/local/bin:/usr/bin:/bin"),
            ("", "PATH=/usr/local/bin:/usr/bin:/bin"),
        ] {
            assert_eq!(composed(&[("PATH", given)], &[]), [want]);
            assert_eq!(composed(&[("PATH", "/x")], &[("PATH", given)]), [want]);
        }
    }
}
