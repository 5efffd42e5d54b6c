//! Tenants: that each is one, and that every place that names one means one there is.

use super::Findings;
use crate::config::place::Step;
use crate::config::{ApiAuth, Auth, Config, Source};

/// Checks every place that names a tenant.
pub fn check(config: &Config, found: &mut Findings<'_>) {
    for name in config.tenants.keys() {
        if let Err(e) = identity::tenant_id(name) {
            found.at([Step::from("tenants"), name.as_str().into()], e.to_string());
        }
    }
    for (n, source) in config.source.iter().enumerate() {
        of_source(n, source, config, found);
    }
    for (n, webhook) in config.webhook.iter().enumerate() {
        let tenant = webhook.tenant.as_deref().unwrap_or("default");
        if let Some(why) = undeclared(tenant, config) {
            found.at([Step::from("webhook"), n.into(), "tenant".into()], why);
        }
    }
    if config.server.auth == Auth::None
        && let Some(why) = undeclared("default", config)
    {
        let text = format!("with `auth = \"none\"` everybody belongs to it: {why}");
        found.at(["server".into(), "auth".into()], text);
    }
}

fn of_source(n: usize, source: &Source, config: &Config, found: &mut Findings<'_>) {
    let path = |key: &str| [Step::from("source"), n.into(), key.into()];
    if let Some(tenants) = &source.tenants {
        if tenants.is_empty() {
            found.at(path("tenants"), "a source for no tenant is there for nobody: name one");
        }
        for tenant in tenants {
            one(tenant, config, path("tenants"), found);
        }
    }
    let Some(auth) = &source.auth else { return };
    for tenant in auth.tenants.keys() {
        one(tenant, config, path("auth"), found);
        if source.tenants.as_ref().is_some_and(|there| !there.contains(tenant)) {
            let text = format!("the source is not there for `{tenant}`: name it in `tenants`");
            found.at(path("auth"), text);
        }
    }
    let whole = ApiAuth { tenants: auth.tenants.clone(), ..ApiAuth::default() };
    if !auth.tenants.is_empty() && *auth != whole {
        let text = "credentials are for everybody or for each tenant: `auth` has `tenants`, and a credential beside them";
        found.at(path("auth"), text);
    }
    let nested = auth.tenants.values().chain(auth.schemes.values());
    if nested.into_iter().any(|inner| !inner.tenants.is_empty()) {
        found.at(path("auth"), "`auth.tenants` stands at the top of `auth` and nowhere else");
    }
}

fn one(tenant: &str, config: &Config, path: [Step; 3], found: &mut Findings<'_>) {
    match identity::tenant_id(tenant) {
        Err(e) => found.at(path, e.to_string()),
        Ok(_) => {
            if let Some(why) = undeclared(tenant, config) {
                found.at(path, why);
            }
        }
    }
}

/// Why a tenant that is named is none, if tenants are declared and it is not among them.
pub fn undeclared(tenant: &str, config: &Config) -> Option<String> {
    if config.tenants.is_empty() || config.tenants.contains_key(tenant) {
        return None;
    }
    let all: Vec<&str> = config.tenants.keys().map(String::as_str).collect();
    let there = all.join("`, `");
    Some(format!(
        "the tenant `{tenant}` is not declared: there is `{there}`; add `[tenants.{tenant}]` if it is meant"
    ))
}
