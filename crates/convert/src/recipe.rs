use serde_json::Value;

/// How a call becomes a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    /// The method, in capitals.
    pub method: String,
    /// The absolute URL of the server, without query and fragment; `path` is joined to its path.
    pub base: String,
    /// The path, beginning with `/`; `{wire name}` marks where a value goes, literal text is sent as it stands.
    pub path: String,
    /// Query parameters that the path key itself carries, already decoded.
    pub query: Vec<(String, String)>,
    /// Header fields that are always sent.
    pub headers: Vec<(String, String)>,
    /// Parameters, in the order in which they are written.
    pub parameters: Vec<Parameter>,
    /// The body, where there is one.
    pub body: Option<Body>,
    /// Which credentials are wanted: one of these, each of which needs all of its schemes. Empty: none; an empty
    /// requirement among others: it may be left out.
    pub security: Vec<Requirement>,
    /// Media types the operation answers with, for `Accept`.
    pub produces: Vec<String>,
}

/// Schemes that are needed together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Requirement(pub Vec<Scheme>);

/// A security scheme, as the description declares it. Values come from the vault, never from here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheme {
    /// Its name in the description.
    pub name: String,
    /// What kind it is.
    pub kind: SchemeKind,
}

/// Kinds of security schemes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemeKind {
    /// A key in a header, the query or a cookie of this name.
    ApiKey(Location, String),
    /// RFC 7617.
    Basic,
    /// RFC 6750.
    Bearer,
    /// OAuth 2 with these scopes; the token URL of the client-credentials flow, where there is one.
    OAuth2 {
        /// Token endpoint of the client-credentials flow.
        client_credentials: Option<String>,
        /// Scopes the operation asks for.
        scopes: Vec<String>,
    },
    /// OpenID Connect, with its discovery URL.
    OpenIdConnect(String),
    /// A client certificate.
    MutualTls,
    /// Anything else, in the description's word.
    Other(String),
}

/// Where a parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Location {
    /// A place in the path.
    Path,
    /// The query.
    Query,
    /// A header field.
    Header,
    /// A cookie.
    Cookie,
}

/// How a value is written (OpenAPI 3.1, section 4.8.12.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `;color=blue`
    Matrix,
    /// `.blue`
    Label,
    /// `blue,black`
    Simple,
    /// `color=blue&color=black`
    Form,
    /// `color=blue%20black`
    SpaceDelimited,
    /// `color=blue|black`
    PipeDelimited,
    /// Tab-separated (`tsv` of OpenAPI 2.0).
    TabDelimited,
    /// `color[R]=100`
    DeepObject,
}

/// What becomes of a `/` in a value that goes into the path. What is between slashes is never a dot segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slashes {
    /// The value is refused.
    Refused,
    /// It is encoded: the value stays one segment, and its pattern speaks of the `/`.
    Encoded,
    /// It stands as it is: several segments.
    Segments,
}

/// One parameter.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a keyword of OpenAPI")]
pub struct Parameter {
    /// The argument it is filled from: a property of the input schema. Empty if it is `fixed`.
    pub argument: String,
    /// Its name on the wire, exactly.
    pub wire: String,
    /// Where it goes.
    pub location: Location,
    /// How it is written.
    pub style: Style,
    /// Whether each element or member is written on its own.
    pub explode: bool,
    /// Whether reserved characters stay as they are (query only).
    pub allow_reserved: bool,
    /// Whether an empty value is sent as `name=` rather than left out.
    pub allow_empty: bool,
    /// The media type its value is serialised as (`content` of OpenAPI), instead of a style.
    pub content: Option<String>,
    /// Whether it must be there.
    pub required: bool,
    /// What becomes of a `/` in a path value.
    pub slashes: Slashes,
    /// A value the operator or the description has fixed; agents neither see nor set it.
    pub fixed: Option<Value>,
}

/// What goes into the body.
#[derive(Debug, Clone, PartialEq)]
pub struct Body {
    /// The media type, with its parameters, as sent.
    pub media_type: String,
    /// How it is made.
    pub kind: BodyKind,
    /// Whether it must be there.
    pub required: bool,
    /// The members, argument name to wire name, when the members of an object body are arguments of their own.
    pub members: Vec<(String, String)>,
    /// The argument that is the whole body, when it is not an object or could not be spread.
    pub whole: Option<String>,
    /// Members with a constant value, by wire name.
    pub constants: Vec<(String, Value)>,
}

/// How a body is made of its value.
#[derive(Debug, Clone, PartialEq)]
pub enum BodyKind {
    /// JSON; also `+json`.
    Json,
    /// `application/x-www-form-urlencoded`; how each member is written, by wire name (default: form, exploded).
    Form(Vec<(String, FieldStyle)>),
    /// `multipart/form-data`; content type of each part, by wire name; parts marked binary take base64.
    Multipart(Vec<(String, FieldStyle)>),
    /// Text as it is.
    Text,
    /// Bytes, given as base64.
    Binary,
    /// A GraphQL request: `query` is this document, `variables` are the members.
    GraphQl {
        /// The document that is sent.
        document: String,
        /// Its operation.
        operation: String,
    },
}

/// How one member of a form is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldStyle {
    /// The style.
    pub style: Style,
    /// Whether each element is written on its own.
    pub explode: bool,
    /// The content type of the part.
    pub content_type: Option<String>,
    /// Whether the value is base64 for bytes.
    pub binary: bool,
}
