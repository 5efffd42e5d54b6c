use cedar_policy::{EntityUid, Policy, ResourceConstraint};
use model::SourceName;

use crate::annotations;
use crate::check;
use crate::entities::uid;
use crate::error::LoadError;
use crate::load::apart;
use crate::names::Fault;
use crate::text;

/// Checks that a text written by others speaks of one source alone: that the first line of each policy holds
/// `resource in Source::"…"` with this very source, and that names of policies begin with the source's own.
///
/// # Errors
/// The text is no Cedar, or a policy in it reaches further.
pub fn about_only(file: &str, text: &str, source: &SourceName) -> Result<(), LoadError> {
    apart(|| read(file, text, source))
}

fn read(file: &str, text: &str, source: &SourceName) -> Result<(), LoadError> {
    text::check(file, text)?;
    let fault = |(place, message): Fault| match place {
        Some(place) => LoadError::at(file, text, place, message),
        None => LoadError::of(file, message),
    };
    let own = uid("Source", source.as_str()).ok_or_else(|| LoadError::of(file, "has no source"))?;
    for policy in check::parse(text).map_err(fault)? {
        let start = check::start(&policy);
        let here = |message: String| LoadError::at(file, text, (start, text.len()), message);
        if !is_about(&policy, &own) {
            return Err(here(format!(
                "this policy reaches further than its source: its first line needs `resource in {own}`"
            )));
        }
        let name = annotations::read(&policy).map_err(here)?.id;
        if let Some(name) = name.filter(|name| !name.starts_with(&format!("{source}/"))) {
            return Err(here(format!("the name `{name}` does not begin with `{source}/`")));
        }
    }
    Ok(())
}

fn is_about(policy: &Policy, own: &EntityUid) -> bool {
    match policy.resource_constraint() {
        ResourceConstraint::In(uid) | ResourceConstraint::IsIn(_, uid) => uid == *own,
        // A tool by its name could be anybody's: names of tools do not have to begin with that of their source.
        ResourceConstraint::Any | ResourceConstraint::Eq(_) | ResourceConstraint::Is(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop(text: &str) -> Result<(), String> {
        let source = SourceName::new("shop").unwrap();
        about_only("packs/shop/policy.cedar", text, &source).map_err(|e| e.to_string())
    }

    #[test]
    fn a_policy_of_others_that_reaches_further_than_its_source_is_refused() {
        for good in [
            "",
            "// nothing",
            "permit (principal, action, resource in Source::\"shop\");",
            "@id(\"shop/look\")\nforbid (principal, action == Action::\"call\", resource is Tool in Source::\"shop\") when { resource.accepted };",
        ] {
            assert_eq!(shop(good), Ok(()), "{good}");
        }
        for bad in [
            "permit (principal, action, resource);",
            "forbid (principal, action, resource);",
            "permit (principal, action, resource in Source::\"files\");",
            "permit (principal, action, resource == Tool::\"shop__pay\");",
            "permit (principal, action, resource is Tool);",
            "permit (principal, action, resource is Tool in Source::\"files\");",
            "permit (principal, action, resource in Tool::\"shop\");",
            "permit (principal, action, resource) when { resource in Source::\"shop\" };",
            "permit (principal, action, resource in Source::\"shop\");\npermit (principal, action, resource);",
            "permit (principal, action, resource in ?resource);",
        ] {
            assert!(shop(bad).is_err(), "{bad}");
        }
        let error = shop("// a\npermit (principal, action, resource);").unwrap_err();
        assert!(
            error.starts_with("packs/shop/policy.cedar:2:1: this policy reaches further"),
            "{error}"
        );
    }

    #[test]
    fn a_policy_of_others_takes_no_name_that_could_be_anothers() {
        let named = |name: &str| {
            shop(&format!(
                "@id(\"{name}\")\npermit (principal, action, resource in Source::\"shop\");"
            ))
        };
        assert_eq!(named("shop/look"), Ok(()));
        for other in ["shipped-read", "shop", "shopping/look", "files/look"] {
            assert!(named(other).is_err(), "{other}");
        }
    }
}
