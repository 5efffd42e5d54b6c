/// The request that an offer came back for.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method of HTTP; for a call over MCP, `POST`.
    pub method: &'a str,
    /// The URL that was requested in the end.
    pub url: &'a str,
    /// The tool that was called.
    pub tool: &'a str,
    /// Who asks.
    pub agent: &'a str,
    /// Whom the caller belongs to.
    pub tenant: &'a str,
    /// Whether it is a call over MCP: then the resource is the tool.
    pub mcp: bool,
    /// Whether a redirect to another origin led here.
    pub redirected: bool,
    /// The digest of the body as `Content-Digest` writes it (RFC 9530): `sha-256=:…:`.
    pub digest: Option<&'a str>,
}
