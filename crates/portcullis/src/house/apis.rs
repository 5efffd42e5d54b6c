use std::path::Path;
use std::sync::Arc;

use apis::{
    Aggregate, Api, Auth, Bounds, ClientAuth, Config, Grant, OAuth2, Paging, Shape, SigV4, Step,
};
use convert::Location;
use egress::{Policy, Target};
use model::{SourceName, Template};
use url::Url;

use super::Ways;
use super::descriptions::{Described, described};
use crate::config::{self, ApiAuth, Loaded, NextPage, PagingRule, ShapeRule, Source, Value};

/// One HTTP API of a configuration, not contacted.
pub fn api(source: &Source, loaded: &Loaded, ways: &Ways) -> Result<Arc<Api>, String> {
    let name = SourceName::new(&source.name).map_err(|e| e.to_string())?;
    let Described { identity, base, tools } = described(source, loaded)?;
    let config = Config {
        name,
        identity,
        tools,
        target: target(base, source, loaded)?,
        follows: source.redirects,
        auth: auth(source.auth.as_ref(), source, loaded)?,
        shapes: source.shape.iter().map(shape).collect::<Result<_, _>>()?,
        paging: source.paging.iter().map(paging).collect::<Result<_, _>>()?,
        cache: source.cache,
        bounds: bounds(source),
        breaker: breaker::BreakerLimits::default(),
    };
    let ports = apis::Ports { egress: ways.egress.clone(), clock: ways.clock.clone() };
    let api = Api::new(config, ports).map_err(|e| e.to_string())?;
    for left_out in api.left_out() {
        tracing::warn!(source = %source.name, "left out: {left_out}");
    }
    Ok(api)
}

/// The private places a source names.
pub fn named(source: &Source) -> Policy {
    let places = source.private.iter().filter_map(|place| config::host_port(place));
    places.fold(Policy::default(), |policy, (host, port)| policy.allow(&host, port))
}

/// Where a request of this source may go.
fn target(base: Url, source: &Source, loaded: &Loaded) -> Result<Target, String> {
    let mut target = Target::new(base);
    target.policy = named(source);
    target.extra_roots = source.ca.as_ref().map(|path| file(&loaded.resolve(path))).transpose()?;
    if let Some(timeout) = source.timeout {
        target.limits.first_byte = timeout.0;
        target.limits.total = timeout.0;
    }
    Ok(target)
}

fn file(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|e| format!("{} cannot be read: {e}", path.display()))
}

fn bounds(source: &Source) -> Bounds {
    let usual = Bounds::default();
    let result = source.max_result.map(|size| usize::try_from(size.0).unwrap_or(usize::MAX));
    Bounds { result: result.unwrap_or(usual.result), ..usual }
}

fn auth(given: Option<&ApiAuth>, source: &Source, loaded: &Loaded) -> Result<Auth, String> {
    let Some(given) = given else { return Ok(Auth::None) };
    let whole = grant(given, source, loaded)?;
    if given.schemes.is_empty() {
        return Ok(whole.map_or(Auth::None, Auth::Every));
    }
    if whole.is_some() {
        return Err(
            "`auth` has `schemes`, and a credential beside them: put it under its scheme".into()
        );
    }
    let each = given.schemes.iter().map(|(name, own)| {
        let grant =
            grant(own, source, loaded)?.ok_or_else(|| format!("`auth.schemes.{name}` is empty"))?;
        Ok((name.clone(), grant))
    });
    each.collect::<Result<_, String>>().map(Auth::Schemes)
}

/// The one credential that a table holds.
fn grant(given: &ApiAuth, source: &Source, loaded: &Loaded) -> Result<Option<Grant>, String> {
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
            token: target(url, source, loaded)?,
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
