use std::sync::Arc;

use apis::{
    Aggregate, Api, Auth, Bounds, ClientAuth, Config, Grant, OAuth2, Paging, Shape, SigV4, Step,
};
use convert::{Location, Tool};
use egress::Target;
use model::{SourceName, Template, TenantId};
use packs::{Code, PackError};
use url::Url;

use super::Ways;
use super::descriptions::{Described, described};
use super::reach::Way;
use crate::config::{
    self, ApiAuth, Loaded, NextPage, Origin, PagingRule, ShapeRule, Source, Value,
};

/// One HTTP API of a configuration, not contacted.
pub fn api(source: &Source, loaded: &Loaded, way: &Way, ways: &Ways) -> Result<Arc<Api>, String> {
    let name = SourceName::new(&source.name).map_err(|e| e.to_string())?;
    let Described { identity, base, tools } = within(source, loaded)?;
    let (auth, tenants) = credentials(source, &Signing { source, way, base: &base })?;
    let config = Config {
        name,
        identity,
        tools,
        target: target(base, source, way),
        route: way.route.clone(),
        follows: source.redirects,
        auth,
        tenants,
        shapes: source.shape.iter().map(shape).collect::<Result<_, _>>()?,
        paging: source.paging.iter().map(paging).collect::<Result<_, _>>()?,
        cache: source.cache,
        bounds: bounds(source),
        breaker: breaker::BreakerLimits::default(),
    };
    let ports = apis::Ports {
        egress: ways.egress.clone(),
        clock: ways.clock.clone(),
        payer: ways.payer.clone(),
    };
    let api = Api::new(config, ports).map_err(|e| e.to_string())?;
    for left_out in api.left_out() {
        tracing::warn!(source = %source.name, "left out: {left_out}");
    }
    Ok(api)
}

/// What an API can do, as its description says.
pub fn tools_of(source: &Source, loaded: &Loaded) -> Result<Vec<Tool>, String> {
    within(source, loaded).map(|described| described.tools)
}

/// What a description says, for a pack held against its manifest.
fn within(source: &Source, loaded: &Loaded) -> Result<Described, String> {
    let described = described(source, loaded)?;
    if let Some(origin) = &source.pack {
        held(origin, &described.base, &described.tools).map_err(|e| e.to_string())?;
    }
    Ok(described)
}

/// Holds what a description says against the manifest of its pack: where it leads, and with which methods.
fn held(origin: &Origin, base: &Url, tools: &[Tool]) -> Result<(), PackError> {
    origin.allows_url("its description", base)?;
    for tool in tools {
        let what = format!("its operation `{}`", tool.name);
        let url = Url::parse(&tool.recipe.base);
        let url = url.map_err(|e| PackError::new(Code::Host, format!("{what} has no URL: {e}")))?;
        origin.allows_url(&what, &url)?;
        origin.pack.manifest.allows_method(&what, &tool.recipe.method)?;
    }
    Ok(())
}

/// Where a request of this source may go.
fn target(base: Url, source: &Source, way: &Way) -> Target {
    let mut target = way.target(base, source);
    if let Some(timeout) = source.timeout {
        target.limits.first_byte = timeout.0;
        target.limits.total = timeout.0;
    }
    target
}

fn bounds(source: &Source) -> Bounds {
    let usual = Bounds::default();
    let result = source.max_result.map(|size| usize::try_from(size.0).unwrap_or(usize::MAX));
    Bounds { result: result.unwrap_or(usual.result), ..usual }
}

/// What a credential that fetches its own tokens needs to know.
struct Signing<'a> {
    source: &'a Source,
    way: &'a Way,
    base: &'a Url,
}

/// The credentials of an API: for everybody, or for each tenant.
fn credentials(
    source: &Source,
    api: &Signing<'_>,
) -> Result<(Auth, Vec<(TenantId, Auth)>), String> {
    let Some(given) = &source.auth else { return Ok((Auth::None, Vec::new())) };
    let each = given.tenants.iter().map(|(tenant, own)| {
        let auth = auth(own, api).map_err(|e| format!("`auth.tenants.{tenant}`: {e}"))?;
        if matches!(auth, Auth::None) {
            return Err(format!("`auth.tenants.{tenant}` is empty"));
        }
        Ok((TenantId::new(tenant), auth))
    });
    Ok((auth(given, api)?, each.collect::<Result<_, String>>()?))
}

fn auth(given: &ApiAuth, api: &Signing<'_>) -> Result<Auth, String> {
    let whole = grant(given, api)?;
    if given.schemes.is_empty() {
        return Ok(whole.map_or(Auth::None, Auth::Every));
    }
    if whole.is_some() {
        return Err(
            "`auth` has `schemes`, and a credential beside them: put it under its scheme".into()
        );
    }
    let each = given.schemes.iter().map(|(name, own)| {
        let grant = grant(own, api)?.ok_or_else(|| format!("`auth.schemes.{name}` is empty"))?;
        Ok((name.clone(), grant))
    });
    each.collect::<Result<_, String>>().map(Auth::Schemes)
}

/// The one credential that a table holds.
fn grant(given: &ApiAuth, api: &Signing<'_>) -> Result<Option<Grant>, String> {
    let mut all = Vec::new();
    if let Some(token) = &given.bearer {
        all.push(Grant::Bearer(text(token)?));
    }
    if let Some(basic) = &given.basic {
        all.push(Grant::Basic(text(&basic.user)?, text(&basic.password)?));
    }
    if let Some(key) = &given.api_key {
        let location = key.location.map(|place| match place {
            config::KeyPlace::Header => Location::Header,
            config::KeyPlace::Query => Location::Query,
            config::KeyPlace::Cookie => Location::Cookie,
        });
        all.push(Grant::ApiKey { location, name: key.name.clone(), value: text(&key.value)? });
    }
    if let Some(own) = &given.oauth2 {
        let url = Url::parse(&own.token_url).map_err(|e| format!("`token-url` is no URL: {e}"))?;
        all.push(Grant::OAuth2(Box::new(OAuth2 {
            route: api.way.route_to(&url, api.base),
            token: target(url, api.source, api.way),
            client_id: text(&own.client_id)?,
            client_secret: text(&own.client_secret)?,
            scopes: own.scopes.clone(),
            client_auth: match own.client_auth {
                config::ClientAuth::Basic => ClientAuth::Basic,
                config::ClientAuth::Body => ClientAuth::Body,
            },
        })));
    }
    if let Some(aws) = &given.aws {
        all.push(Grant::SigV4(SigV4 {
            access_key: text(&aws.access_key)?,
            secret_key: text(&aws.secret_key)?,
            session_token: aws.session_token.as_ref().map(text).transpose()?,
            region: aws.region.clone(),
            service: aws.service.clone(),
        }));
    }
    if !given.headers.is_empty() {
        let each = given.headers.iter().map(|(name, value)| Ok((name.clone(), text(value)?)));
        all.push(Grant::Headers(each.collect::<Result<_, String>>()?));
    }
    match all.len() {
        0 | 1 => Ok(all.pop()),
        _ => Err("a table of `auth` holds one credential: use `schemes` for several".into()),
    }
}

fn text(value: &Value) -> Result<Template, String> {
    value.template()
}

fn shape(rule: &ShapeRule) -> Result<(String, Shape), String> {
    let wrong = |e: String| format!("`shape` for `{}`: {e}", rule.tools);
    let paths = |all: &[String]| all.iter().map(|p| p.parse()).collect::<Result<Vec<_>, String>>();
    let mut aggregate = Vec::new();
    for (name, path) in &rule.count {
        aggregate.push((name.clone(), Aggregate::Count(path.parse().map_err(wrong)?)));
    }
    for (name, path) in &rule.sum {
        aggregate.push((name.clone(), Aggregate::Sum(path.parse().map_err(wrong)?)));
    }
    for (name, path) in &rule.summary {
        aggregate.push((name.clone(), Aggregate::Summary(path.parse().map_err(wrong)?)));
    }
    let limit = rule.limit.iter().map(|(path, most)| Ok((path.parse()?, *most)));
    let shape = Shape {
        pick: paths(&rule.pick).map_err(wrong)?,
        omit: paths(&rule.omit).map_err(wrong)?,
        limit: limit.collect::<Result<_, String>>().map_err(wrong)?,
        aggregate,
        template: rule.template.as_deref().map(str::parse).transpose().map_err(wrong)?,
        tokens: rule.tokens,
    };
    Ok((rule.tools.clone(), shape))
}

fn paging(rule: &PagingRule) -> Result<(String, Paging), String> {
    let wrong = |e: String| format!("`paging` for `{}`: {e}", rule.tools);
    let step = match &rule.next {
        NextPage::Link => Step::Link,
        NextPage::Cursor { from, argument } => {
            Step::Cursor(from.parse().map_err(wrong)?, argument.clone())
        }
        NextPage::Page { argument, first } => Step::Page(argument.clone(), *first),
        NextPage::Offset { argument } => Step::Offset(argument.clone()),
    };
    let items = rule.items.parse().map_err(wrong)?;
    Ok((rule.tools.clone(), Paging { items, step }))
}
