use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::units::Size;
use super::value::Value;

/// `openapi`: an HTTP API with an OpenAPI description.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OpenApi {
    /// The description: a file, or an `https` URL that is fetched at start (the last good copy is kept).
    pub spec: String,
    /// The server to call, where the description names none, several, or another.
    pub server: Option<String>,
    /// Values for the variables of a templated server.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Values of header and cookie parameters, by name: agents neither see nor set these.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// OpenAPI Overlay documents, applied in this order.
    #[serde(default)]
    pub overlays: Vec<PathBuf>,
    /// Which operations become tools; all when nothing is said.
    #[serde(default)]
    pub select: Select,
    /// Largest description: 50 MB when not set.
    pub max_size: Option<Size>,
}

/// Which operations become tools.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Select {
    /// Those with one of these tags.
    pub tags: Vec<String>,
    /// Those with one of these operationIds; a `*` at the end stands for any rest.
    pub operations: Vec<String>,
    /// Those with one of these methods.
    pub methods: Vec<String>,
    /// Those whose path fits one of these; a `*` at the end stands for any rest.
    pub paths: Vec<String>,
    /// Those never, by operationId; a `*` at the end stands for any rest.
    pub exclude: Vec<String>,
    /// Whether deprecated ones are among them.
    pub deprecated: bool,
}

/// `graphql`: a GraphQL API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct GraphQl {
    /// Where it is.
    pub endpoint: String,
    /// Its schema: a file of SDL or of an introspection result. When not set, the endpoint is asked for it at start, without
    /// any credential (the last good copy is kept).
    pub schema: Option<PathBuf>,
    /// Your own operations, each file one or several; when there are any, they alone become tools.
    #[serde(default)]
    pub documents: Vec<PathBuf>,
    /// Levels of a generated selection.
    pub max_depth: Option<usize>,
    /// Fields of a generated selection.
    pub max_fields: Option<usize>,
}

/// `arazzo`: workflows over other sources, as an Arazzo document.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Arazzo {
    /// The document, in JSON or YAML.
    pub document: PathBuf,
    /// Name of a source description in the document, to the name of a source here, where they differ.
    #[serde(default)]
    pub sources: BTreeMap<String, String>,
}

/// `auth`: the credentials of an API. Each value may be `vault:NAME`, or have `${vault:NAME}` or `${env:NAME}` in it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ApiAuth {
    /// A bearer token (RFC 6750).
    pub bearer: Option<Value>,
    /// A user and a password (RFC 7617).
    pub basic: Option<BasicAuth>,
    /// An API key.
    pub api_key: Option<ApiKeyAuth>,
    /// Client credentials (RFC 6749, section 4.4).
    pub oauth2: Option<OAuth2Auth>,
    /// AWS Signature Version 4.
    pub aws: Option<AwsAuth>,
    /// Header fields.
    pub headers: BTreeMap<String, Value>,
    /// Credentials by the names of the description's security schemes.
    pub schemes: BTreeMap<String, Self>,
    /// Credentials by tenant, in the place of all others: a call has those of its own tenant, or is refused.
    pub tenants: BTreeMap<String, Self>,
}

impl ApiAuth {
    /// Every value in it.
    pub(super) fn values_mut<'a>(&'a mut self, all: &mut Vec<&'a mut Value>) {
        let Self { bearer, basic, api_key, oauth2, aws, headers, schemes, tenants } = self;
        all.extend(bearer);
        all.extend(basic.iter_mut().flat_map(|own| [&mut own.user, &mut own.password]));
        all.extend(api_key.iter_mut().map(|own| &mut own.value));
        all.extend(oauth2.iter_mut().flat_map(|own| [&mut own.client_id, &mut own.client_secret]));
        if let Some(AwsAuth { access_key, secret_key, session_token, region: _, service: _ }) = aws
        {
            all.extend([access_key, secret_key].into_iter().chain(session_token));
        }
        all.extend(headers.values_mut());
        for own in schemes.values_mut().chain(tenants.values_mut()) {
            own.values_mut(all);
        }
    }
}

/// A user and a password.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BasicAuth {
    /// The user.
    pub user: Value,
    /// The password; it may be empty.
    pub password: Value,
}

/// An API key, and where it goes if the description does not say.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ApiKeyAuth {
    /// The key.
    pub value: Value,
    /// Where it goes.
    #[serde(rename = "in")]
    pub location: Option<KeyPlace>,
    /// The name of the header field, query parameter or cookie.
    pub name: Option<String>,
}

/// Where an API key goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeyPlace {
    /// A header field.
    Header,
    /// The query.
    Query,
    /// A cookie.
    Cookie,
}

/// Client credentials.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OAuth2Auth {
    /// The token endpoint.
    pub token_url: String,
    /// Client id.
    pub client_id: Value,
    /// Client secret.
    pub client_secret: Value,
    /// Scopes asked for.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// How the client authenticates at the token endpoint.
    #[serde(default)]
    pub client_auth: ClientAuth,
}

/// How a client authenticates at a token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClientAuth {
    /// HTTP basic.
    #[default]
    Basic,
    /// In the body.
    Body,
}

/// AWS Signature Version 4.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AwsAuth {
    /// Access key id.
    pub access_key: Value,
    /// Secret access key.
    pub secret_key: Value,
    /// Session token of temporary credentials.
    pub session_token: Option<Value>,
    /// Region, such as `eu-central-1`.
    pub region: String,
    /// Service, such as `execute-api`.
    pub service: String,
}

/// `[[source.shape]]`: how results are made smaller, in this order. What is left out is said, and `_view` gets it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ShapeRule {
    /// For which tools, by the API's own names; a `*` at the end stands for any rest, the first rule that fits counts.
    pub tools: String,
    /// Only what stands at these places is kept: JSON Pointers in which `*` stands for every element or member.
    #[serde(default)]
    pub pick: Vec<String>,
    /// What stands at these places is left out.
    #[serde(default)]
    pub omit: Vec<String>,
    /// Place of a list, to the most of its elements.
    #[serde(default)]
    pub limit: BTreeMap<String, usize>,
    /// Name, to the place whose elements are counted; figures stand in the place of the data.
    #[serde(default)]
    pub count: BTreeMap<String, String>,
    /// Name, to the places whose numbers are added up.
    #[serde(default)]
    pub sum: BTreeMap<String, String>,
    /// Name, to the place of a list whose fields, types and counts are told.
    #[serde(default)]
    pub summary: BTreeMap<String, String>,
    /// A text in place of the data: `{/total} found`.
    pub template: Option<String>,
    /// Most tokens of the result, a token being four characters.
    pub tokens: Option<usize>,
}

/// `[[source.paging]]`: how lists go on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PagingRule {
    /// For which tools, by the API's own names; a `*` at the end stands for any rest, the first rule that fits counts.
    pub tools: String,
    /// Where the elements are; the whole answer when nothing is said.
    #[serde(default)]
    pub items: String,
    /// How one goes on.
    pub next: NextPage,
}

/// How one goes on to the next page.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum NextPage {
    /// `Link: <…>; rel="next"` (RFC 8288).
    Link,
    /// A value of the answer becomes an argument.
    Cursor {
        /// Where the value stands.
        from: String,
        /// The argument.
        argument: String,
    },
    /// An argument counts pages.
    Page {
        /// The argument.
        argument: String,
        /// The number of the first page.
        #[serde(default = "one")]
        first: u64,
    },
    /// An argument counts elements.
    Offset {
        /// The argument.
        argument: String,
    },
}

const fn one() -> u64 {
    1
}
