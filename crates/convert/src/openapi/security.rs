use serde_json::Value;

use super::document::Version;
use super::operation::{Found, Reader};
use crate::{Location, Requirement, Scheme, SchemeKind};

/// Which credentials an operation wants: one of these requirements.
pub(super) fn of(reader: &Reader<'_>, found: &Found<'_>) -> Vec<Requirement> {
    let wanted = found.operation.get("security").or_else(|| reader.document.get("security"));
    let mut all = Vec::new();
    for requirement in wanted.and_then(Value::as_array).into_iter().flatten().take(32) {
        let Some(named) = requirement.as_object() else { continue };
        let schemes = named
            .iter()
            .map(|(name, scopes)| Scheme { name: name.clone(), kind: kind(reader, name, scopes) });
        all.push(Requirement(schemes.collect()));
    }
    all
}

fn kind(reader: &Reader<'_>, name: &str, scopes: &Value) -> SchemeKind {
    let schemes = match reader.version {
        Version::V2 => reader.document.get("securityDefinitions"),
        _ => reader.document.pointer("/components/securitySchemes"),
    };
    let declared = schemes.and_then(|s| s.get(name)).and_then(|s| reader.resolved(s).ok());
    let Some(scheme) = declared else { return SchemeKind::Other("undeclared".to_owned()) };
    let text = |name: &str| scheme.get(name).and_then(Value::as_str).unwrap_or_default();
    match text("type") {
        "apiKey" => {
            let place = match text("in") {
                "query" => Location::Query,
                "cookie" => Location::Cookie,
                _ => Location::Header,
            };
            SchemeKind::ApiKey(place, text("name").to_owned())
        }
        "basic" => SchemeKind::Basic,
        "http" if text("scheme").eq_ignore_ascii_case("basic") => SchemeKind::Basic,
        "http" if text("scheme").eq_ignore_ascii_case("bearer") => SchemeKind::Bearer,
        "oauth2" => oauth2(scheme, scopes),
        "openIdConnect" => SchemeKind::OpenIdConnect(text("openIdConnectUrl").to_owned()),
        "mutualTLS" => SchemeKind::MutualTls,
        "http" => SchemeKind::Other(text("scheme").to_owned()),
        other => SchemeKind::Other(other.to_owned()),
    }
}

fn oauth2(scheme: &Value, scopes: &Value) -> SchemeKind {
    let old = (scheme.get("flow").and_then(Value::as_str) == Some("application"))
        .then(|| scheme.get("tokenUrl"))
        .flatten();
    let token = old.or_else(|| scheme.pointer("/flows/clientCredentials/tokenUrl"));
    let scopes = scopes.as_array().into_iter().flatten().filter_map(Value::as_str);
    SchemeKind::OAuth2 {
        client_credentials: token.and_then(Value::as_str).map(str::to_owned),
        scopes: scopes.map(str::to_owned).collect(),
    }
}
