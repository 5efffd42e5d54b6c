//! The lists of tenants, in the names that policy goes by.

use std::sync::Arc;

use apis::Api;
use gate::Tool;
use model::TenantId;
use policy::Tenants;
use store::PinKind;

use super::patterns::{fits, may_own, means};
use super::pinned::exposed;
use super::policies::known;
use super::rules::patterns_for;
use crate::config::place::Step;
use crate::config::{ConfigError, Loaded, Source, audience};

/// A list of one tenant, and the key it stands under.
type List<'a> = (&'static str, &'a [String]);

/// What each tenant of a configuration may use. A pattern that nothing of the tenant's could match is an error.
pub fn tenants(loaded: &Loaded) -> Result<Tenants, ConfigError> {
    let mut tenants = Tenants::default();
    for (name, lists) in &loaded.config.tenants {
        let sources = sources_of(name, loaded);
        let known = known(&sources);
        let mapped = |(key, list): List<'_>| -> Result<Vec<String>, ConfigError> {
            let each = list.iter().map(|pattern| {
                patterns_for(pattern, &sources).map_err(|why| wrong(loaded, name, key, &why))
            });
            let mapped: Vec<Vec<String>> = each.collect::<Result<_, _>>()?;
            // As it is written, too: a prefix may be of another source tomorrow.
            Ok(mapped.into_iter().flatten().chain(list.iter().cloned()).collect())
        };
        let allow = lists.allow.as_deref().map(|list| mapped(("allow", list))).transpose()?;
        let deny = mapped(("deny", &lists.deny))?;
        tenants.declare(TenantId::new(name), allow.as_deref(), &deny, &known).map_err(|e| {
            let denied = lists.deny.iter().any(|p| !p.is_empty() && e.message.contains(p));
            wrong(loaded, name, if denied { "deny" } else { "allow" }, &e.message)
        })?;
    }
    Ok(tenants)
}

/// Holds the lists against the tools of APIs, which are known before anything is called: a pattern that could only be
/// about these, and fits none of them, is an error. What an MCP server has is known when it is asked.
pub fn fit(loaded: &Loaded, apis: &[(&Source, Arc<Api>)]) -> Result<(), ConfigError> {
    for (name, lists) in &loaded.config.tenants {
        let sources = sources_of(name, loaded);
        let both: [List<'_>; 2] =
            [("allow", lists.allow.as_deref().unwrap_or_default()), ("deny", &lists.deny)];
        for (key, list) in both {
            for pattern in list {
                if !may_fit(pattern, &sources, apis) {
                    let why = format!("the pattern `{pattern}` matches no tool");
                    return Err(wrong(loaded, name, key, &why));
                }
            }
        }
    }
    Ok(())
}

/// Patterns of the lists that fit none of these tools, each after its tenant: for whoever has asked every source.
pub fn unfit<'a>(loaded: &'a Loaded, tools: &[Tool]) -> Vec<(&'a str, &'a str)> {
    let mut found = Vec::new();
    for (name, lists) in &loaded.config.tenants {
        let tenant = TenantId::new(name);
        for pattern in lists.allow.iter().flatten().chain(&lists.deny) {
            let own = tools.iter().filter(|tool| tool.audience.has(&tenant));
            if !own.into_iter().any(|tool| means(pattern, tool)) {
                found.push((name.as_str(), pattern.as_str()));
            }
        }
    }
    found
}

fn may_fit(pattern: &str, sources: &[&Source], apis: &[(&Source, Arc<Api>)]) -> bool {
    sources.iter().any(|source| {
        let Some((_, api)) = apis.iter().find(|(own, _)| own.name == source.name) else {
            return may_own(pattern, source);
        };
        let whole = pattern == format!("{}__*", source.name);
        api.tools().any(|tool| {
            whole || exposed(source, PinKind::Tool, &tool.name).is_some_and(|n| fits(pattern, &n))
        })
    })
}

fn sources_of<'a>(tenant: &str, loaded: &'a Loaded) -> Vec<&'a Source> {
    let tenant = TenantId::new(tenant);
    super::policies::spoken_of(loaded).filter(|s| audience(s).has(&tenant)).collect()
}

fn wrong(loaded: &Loaded, tenant: &str, key: &'static str, why: &str) -> ConfigError {
    let path: [Step; 3] = ["tenants".into(), tenant.into(), key.into()];
    ConfigError::placed(loaded, &path, &format!("tenant `{tenant}`: {why}"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::parse;

    const SOURCES: &str = "[[source]]\nname = \"hub-acme\"\nprefix = \"github\"\ntenants = [\"acme\"]\nmcp = { command = [\"x\"] }\n\
         [[source]]\nname = \"hub-globex\"\nprefix = \"github\"\ntenants = [\"globex\"]\nmcp = { command = [\"x\"] }\n\
         [[source]]\nname = \"wiki\"\nmcp = { command = [\"x\"] }\n";

    fn load(text: &str) -> Result<Tenants, String> {
        let loaded = parse(Path::new("p.toml"), text.to_owned()).map_err(|e| e.to_string())?;
        tenants(&loaded).map_err(|e| e.to_string())
    }

    fn lists(acme: &str) -> Result<Tenants, String> {
        load(&format!("{SOURCES}[tenants.globex]\n[tenants.acme]\n{acme}\n"))
    }

    // b-tenant-06
    #[test]
    fn a_list_has_names_and_beginnings_of_names_that_the_tenant_could_know() {
        for good in [
            "allow = []",
            "allow = [\"github__*\", \"wiki__read\"]\ndeny = [\"github__delete_*\"]",
            "deny = [\"hub-acme__*\", \"*\"]",
        ] {
            assert!(lists(good).is_ok(), "{good}: {:?}", lists(good));
        }
        for (bad, says) in [
            ("deny = [\"gihtub__*\"]", "p.toml:16:1: tenant `acme`: the pattern `gihtub__*`"),
            ("deny = [\"hub-globex__*\"]", "no source `hub-globex`"),
            ("deny = [\"*__delete\"]", "no source `*`"),
            ("allow = [\"wiki__*_page\"]", "is no name"),
            ("alow = []", "did you mean `allow`?"),
        ] {
            let said = lists(bad).unwrap_err();
            assert!(said.contains(says), "{bad}: {said}");
        }
    }

    // b-tenant-01
    #[test]
    fn a_tenant_has_a_name_and_whoever_names_one_means_one_there_is() {
        for (text, says) in [
            ("[tenants.\"\"]\n", "\"\" is no id"),
            (
                "[[source]]\nname = \"a\"\ntenants = [\"\"]\nmcp = { command = [\"x\"] }\n",
                "\"\" is no id",
            ),
            (
                "[[source]]\nname = \"a\"\ntenants = []\nmcp = { command = [\"x\"] }\n",
                "there for nobody",
            ),
            (
                "[tenants.acme]\n[[source]]\nname = \"a\"\ntenants = [\"acne\"]\nmcp = { command = [\"x\"] }\n",
                "the tenant `acne` is not declared: there is `acme`",
            ),
            ("[tenants.acme]\n[server]\nauth = \"none\"\n", "the tenant `default` is not declared"),
            (
                "[tenants.acme]\n[[webhook]]\nname = \"w\"\ntool = \"a__b\"\nscheme = \"github\"\nsecret = \"vault:x\"\n",
                "the tenant `default` is not declared",
            ),
        ] {
            let said = load(text).unwrap_err();
            assert!(said.contains(says), "{text}: {said}");
        }
        assert!(load("[server]\nauth = \"none\"\n").is_ok(), "where none is declared there is one");
    }

    #[test]
    fn credentials_of_tenants_stand_alone_and_for_tenants_that_see_the_source() {
        let of = |auth: &str| {
            load(&format!(
                "[tenants.acme]\n[tenants.globex]\n[[source]]\nname = \"shop\"\ntenants = [\"acme\"]\n\
                 openapi = {{ spec = \"x.yaml\" }}\n[source.auth]\n{auth}\n"
            ))
        };
        assert!(of("tenants = { acme = { bearer = \"vault:a\" } }").is_ok());
        for (auth, says) in [
            ("tenants = { globex = { bearer = \"vault:g\" } }", "not there for `globex`"),
            (
                "bearer = \"vault:a\"\ntenants = { acme = { bearer = \"vault:a\" } }",
                "a credential beside",
            ),
            ("tenants = { acme = { tenants = { acme = {} } } }", "nowhere else"),
        ] {
            let said = of(auth).unwrap_err();
            assert!(said.contains(says), "{auth}: {said}");
        }
    }

    #[test]
    fn two_tenants_may_know_different_things_by_one_name() {
        let named = |tenants: &str| {
            load(&format!(
                "[[source]]\nname = \"a\"\ntenants = [\"acme\"]\nmcp = {{ command = [\"x\"] }}\nnames = {{ go = \"run\" }}\n\
                 [[source]]\nname = \"b\"\ntenants = [{tenants}]\nmcp = {{ command = [\"x\"] }}\nnames = {{ start = \"run\" }}\n"
            ))
        };
        assert!(named("\"globex\"").is_ok());
        let said = named("\"globex\", \"acme\"").unwrap_err();
        assert!(said.contains("`b/start` and `a/go` would both be called `run`"), "{said}");
    }
}
