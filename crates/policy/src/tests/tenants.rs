//! The lists of tenants.

use model::{Action, Effect, TenantId};

use super::{Call, call, known, policies, say};
use crate::{Decider, PolicySet, Tenants};

const EVERYTHING: &str = "permit (principal, action, resource);";

fn declared(tenant: &str, allow: Option<&[&str]>, deny: &[&str]) -> Result<Tenants, String> {
    let own = |list: &[&str]| list.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>();
    let mut tenants = Tenants::default();
    let allow = allow.map(own);
    tenants
        .declare(TenantId::new(tenant), allow.as_deref(), &own(deny), &known())
        .map_err(|e| e.to_string())?;
    Ok(tenants)
}

fn with(tenant: &str, allow: Option<&[&str]>, deny: &[&str]) -> PolicySet {
    policies(EVERYTHING).with_tenants(declared(tenant, allow, deny).unwrap())
}

fn resource(uri: &str) -> Call {
    let source = model::SourceName::new("files").unwrap();
    Call { action: Action::Read, name: uri.to_owned(), source, ..call("files__x", Effect::Read) }
}

#[test]
fn a_tenant_without_lists_may_use_what_policy_permits_and_an_undeclared_one_nothing() {
    let read = call("files__read", Effect::Read);
    assert!(say(&with("acme", None, &[]), &read).starts_with("allow"));
    let said = say(&with("globex", None, &[]), &read);
    assert_eq!(said, "deny tenant:acme: the tenant `acme` is not declared");
    assert!(say(&policies(EVERYTHING), &read).starts_with("allow"), "nobody is declared");
}

// b-tenant-02
#[test]
fn an_empty_allow_list_allows_nothing() {
    let set = with("acme", Some(&[]), &[]);
    for call in [call("files__read", Effect::Read), resource("files+file:///a")] {
        assert!(say(&set, &call).starts_with("deny tenant:acme"));
        assert!(!set.may(&call.principal, call.action, &call.target(), call.now));
    }
}

// b-tenant-06
#[test]
fn a_beginning_on_the_deny_list_denies_whatever_else_allows_it() {
    let set = with("acme", Some(&["github__*"]), &["github__delete_*"]);
    assert!(say(&set, &call("github__delete_repo", Effect::Read)).starts_with("deny tenant:acme"));
    assert!(say(&set, &call("github__list", Effect::Read)).starts_with("allow"));
    assert!(say(&set, &call("shop__list", Effect::Read)).starts_with("deny tenant:acme"));
}

#[test]
fn a_pattern_that_is_none_or_can_match_nothing_does_not_load() {
    for (pattern, says) in [
        ("github__*_repo", "is no name"),
        ("*", ""),
        ("", "is no name"),
        ("gihtub__*", "no source `gihtub`: did you mean `github`?"),
        ("nothing__read", "no source `nothing`"),
    ] {
        for error in [
            declared("acme", Some(&[pattern]), &[]).err(),
            declared("acme", None, &[pattern]).err(),
        ] {
            assert_eq!(error.is_none(), says.is_empty(), "{pattern}: {error:?}");
            assert!(error.unwrap_or_default().contains(says), "{pattern}");
        }
    }
}

#[test]
fn everything_of_a_source_has_its_resources_in_it_and_a_name_has_not() {
    let (whole, named) =
        (with("acme", Some(&["files__*"]), &[]), with("acme", Some(&["files__read"]), &[]));
    let page = resource("files+file:///a");
    assert!(
        say(&whole, &page).starts_with("allow") && say(&named, &page).starts_with("deny tenant:")
    );
    let denied = with("acme", None, &["files__*"]);
    assert!(say(&denied, &page).starts_with("deny tenant:"));
    assert!(say(&with("acme", None, &["*"]), &page).starts_with("deny tenant:"));
}

#[test]
fn what_is_remembered_for_one_tenant_says_nothing_about_another() {
    let decider = Decider::new(std::sync::Arc::new(with("acme", None, &["files__read"])));
    let mut read = call("files__read", Effect::Read);
    assert_eq!(decider.decide(&read.request()).rule(), "tenant:acme");
    read.principal.tenant = TenantId::new("globex");
    assert_eq!(decider.decide(&read.request()).rule(), "tenant:globex");
}
