//! An API against a real server on loopback.

mod answers;
mod cost;
mod credentials;
mod pages;
mod server;

use std::sync::Arc;

use ambient::Clock;
use convert::{Location, Parameter, Recipe, Requirement, Scheme, SchemeKind, Style, Tool};
use egress::{Egress, Options, Policy, Target};
use gate::port::{Reply, Trouble};
use gate::{Clearance, Client, Lease};
use model::{
    Credential, Effect, Given, NoSecret, Principal, PrincipalId, Role, Scopes, Secret, SecretName,
    Secrets, SourceName, TenantId, Usage,
};
use protocol::json::{Limits, Object};
use protocol::mcp::{ClientCapabilities, Method, Version};
use serde_json::{Value, json};
use url::Url;

use crate::{Api, Auth, Bounds, Config, Ports};
use server::{Server, answer, with};

/// A vault with one secret, `key`, for every host.
struct OneSecret;

impl Secrets for OneSecret {
    fn secret<'a>(&'a self, name: &'a SecretName, _: Usage<'a>) -> Given<'a> {
        let found = match name.as_str() {
            "key" => Ok(Secret::new("canary-7".to_owned())),
            _ => Err(NoSecret::Missing(name.clone())),
        };
        Box::pin(std::future::ready(found))
    }
}

/// Everything of one test.
pub(crate) struct Bench {
    pub(crate) server: Server,
    pub(crate) api: Arc<Api>,
    pub(crate) clock: Clock,
}

/// What a test wants to be otherwise.
pub(crate) struct Plan {
    pub(crate) tools: Vec<Tool>,
    pub(crate) auth: Auth,
    pub(crate) change: Box<dyn FnOnce(&mut Config)>,
}

impl Plan {
    pub(crate) fn of(tools: Vec<Tool>) -> Self {
        Self { tools, auth: Auth::None, change: Box::new(|_| {}) }
    }

    pub(crate) fn auth(self, auth: Auth) -> Self {
        Self { auth, ..self }
    }

    pub(crate) fn change(self, change: impl FnOnce(&mut Config) + 'static) -> Self {
        Self { change: Box::new(change), ..self }
    }

    pub(crate) fn build(self, server: Server) -> Bench {
        let clock = Clock::manual(1_700_000_000_000);
        let url = server.url();
        let tools = self.tools.into_iter().map(|mut tool| {
            tool.recipe.base.clone_from(&url);
            tool
        });
        let mut config = config(&url, tools.collect(), self.auth);
        (self.change)(&mut config);
        let options = Options { secrets: Arc::new(OneSecret), ..Options::default() };
        let egress = Egress::new(options, Clock::system());
        let api = Api::new(config, Ports { egress, clock: clock.clone(), payer: None }).unwrap();
        Bench { server, api, clock }
    }
}

/// Settings as they are when nothing is said.
fn config(url: &str, tools: Vec<Tool>, auth: Auth) -> Config {
    Config {
        name: SourceName::new("shop").unwrap(),
        identity: format!("openapi:{url}"),
        tools,
        target: target(url),
        route: egress::Route::default(),
        follows: false,
        auth,
        tenants: Vec::new(),
        shapes: Vec::new(),
        paging: Vec::new(),
        cache: true,
        bounds: Bounds::default(),
        breaker: breaker::BreakerLimits::default(),
    }
}

pub(crate) fn target(url: &str) -> Target {
    let base = Url::parse(url).unwrap();
    let policy = Policy::naming(&base);
    Target { policy, ..Target::new(base) }
}

impl Bench {
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Value {
        let Reply::Complete { result, failed } = self.tried(tool, arguments, "ada").await.unwrap()
        else {
            panic!("no result")
        };
        let rope = result.write().unwrap();
        let value: Value = serde_json::from_slice(&rope.into_bytes()).unwrap();
        assert_eq!(value["isError"] == json!(true), failed);
        value
    }

    pub(crate) async fn tried(
        &self,
        tool: &str,
        arguments: Value,
        who: &str,
    ) -> Result<Reply, Trouble> {
        self.api.carry_out(clearance(tool, &arguments, who)).await
    }
}

/// A call as the gate clears it.
pub(crate) fn clearance(tool: &str, arguments: &Value, who: &str) -> Clearance {
    let params = json!({"name": tool, "arguments": arguments}).to_string();
    Clearance {
        client: client(who),
        method: Method::ToolsCall,
        target: tool.to_owned(),
        params: Object::parse(params.into(), Limits::REQUEST).unwrap(),
        arguments: arguments.as_object().cloned().unwrap_or_default(),
        param_headers: Vec::new(),
        progress: false,
        level: None,
        state: None,
        deadline: std::time::Duration::from_secs(20),
        about: gate::About::default(),
        approval: None,
    }
}

/// `ada` of the tenant acme, or `ada@globex`.
fn client(who: &str) -> Arc<Client> {
    let (who, tenant) = who.split_once('@').unwrap_or((who, "acme"));
    let principal = Principal {
        id: PrincipalId::new(who),
        tenant: TenantId::new(tenant),
        role: Role::Agent,
        scopes: Scopes::default(),
        credential: Credential::LocalUser,
    };
    Arc::new(Client::new(
        Lease(1),
        Arc::new(principal),
        Version::MODERN,
        ClientCapabilities::parse(bytes::Bytes::from_static(b"{}")).unwrap(),
        None,
        None,
        "http",
        String::new(),
        None,
    ))
}

/// `GET` or another method of a path, with query parameters.
pub(crate) fn tool(name: &str, method: &str, path: &str, query: &[&str]) -> Tool {
    let parameters = query.iter().map(|name| Parameter {
        argument: (*name).to_owned(),
        wire: (*name).to_owned(),
        location: Location::Query,
        style: Style::Form,
        explode: true,
        allow_reserved: false,
        allow_empty: false,
        content: None,
        required: false,
        slashes: convert::Slashes::Refused,
        fixed: None,
    });
    Tool {
        name: name.to_owned(),
        title: None,
        description: format!("{method} {path}"),
        input_schema: json!({"type": "object", "properties": {}}),
        output_schema: None,
        effect: if method == "GET" { Effect::Read } else { Effect::Write },
        idempotent: method != "POST",
        deprecated: false,
        tags: Vec::new(),
        operation_id: Some(name.to_owned()),
        recipe: Recipe {
            method: method.to_owned(),
            base: String::new(),
            path: path.to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            parameters: parameters.collect(),
            body: None,
            security: Vec::new(),
            produces: vec!["application/json".to_owned()],
        },
    }
}

/// The same, for which the description wants a credential.
pub(crate) fn wanting(tool: Tool, name: &str, kind: SchemeKind) -> Tool {
    let mut tool = tool;
    tool.recipe.security = vec![Requirement(vec![Scheme { name: name.to_owned(), kind }])];
    tool
}
