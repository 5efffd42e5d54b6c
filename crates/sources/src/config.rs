use std::path::PathBuf;
use std::time::Duration;

use egress::{Policy, Route};
use model::{SourceName, Template};
use process::Confine;
use protocol::mcp::Era;
use url::Url;

use breaker::BreakerLimits;

/// One MCP server: where it is, how it is spoken to, and within which bounds.
pub struct Config {
    /// The operator's name for it.
    pub name: SourceName,
    /// Where it is.
    pub reach: Reach,
    /// Which eras it is spoken to in; found out when not set.
    pub era: Option<Era>,
    /// Whether it keeps nothing between calls, so that one upstream session may serve every principal. Nothing that
    /// belongs to one client (what it can be asked, its log level, its roots) is then told to the server.
    pub stateless: bool,
    /// Time limits.
    pub times: Times,
    /// Sizes and counts.
    pub bounds: Bounds,
    /// When it is left alone.
    pub breaker: BreakerLimits,
    /// Whether a legacy client's roots are declared to a legacy server.
    pub roots: bool,
}

impl Config {
    /// A source with default bounds.
    pub fn new(name: SourceName, reach: Reach) -> Self {
        Self {
            name,
            reach,
            era: None,
            stateless: false,
            times: Times::default(),
            bounds: Bounds::default(),
            breaker: BreakerLimits::default(),
            roots: true,
        }
    }
}

/// Where a server is.
pub enum Reach {
    /// A program of this machine that speaks over its standard streams.
    Stdio(Program),
    /// Streamable HTTP; HTTP+SSE if the server turns out to know nothing else.
    Http(Remote),
    /// HTTP+SSE (2024-11-05).
    Sse(Remote),
}

/// A program to start.
pub struct Program {
    /// Its name or path.
    pub command: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables that are set for it. Secrets are filled in each time it is started.
    pub env: Vec<(String, Template)>,
    /// Variables of the gate's own environment that it gets; no others.
    pub inherit: Vec<String>,
    /// The folder it starts in.
    pub dir: Option<PathBuf>,
    /// What it may reach.
    pub confine: Confine,
}

/// A server on the network.
pub struct Remote {
    /// Its endpoint.
    pub url: Url,
    /// Headers sent with every request, credentials among them. Secrets are filled in each time one is sent.
    pub headers: Vec<(String, Template)>,
    /// Which private places it may be at, and which places and methods are the only ones.
    pub policy: Policy,
    /// PEM certificates trusted besides those of the machine.
    pub ca: Option<Vec<u8>>,
    /// Whether those are the only ones.
    pub ca_only: bool,
    /// Whether HTTP/2 is offered, over TLS.
    pub http2: bool,
    /// By which way it is reached, and as whom.
    pub route: Route,
}

impl Remote {
    /// An endpoint without headers, reached straight.
    pub fn new(url: Url) -> Self {
        let (headers, policy, route) = (Vec::new(), Policy::default(), Route::default());
        Self { url, headers, policy, ca: None, ca_only: false, http2: false, route }
    }
}

/// Time limits of one source.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// Starting it and shaking hands.
    pub start: Duration,
    /// One page of a list, a ping, any small request of our own.
    pub list: Duration,
    /// All pages of one list together.
    pub list_total: Duration,
    /// Longest silence on the stream of a running call.
    pub silence: Duration,
    /// How long a session nobody uses is kept.
    pub idle: Duration,
    /// How long to wait for a stdio server to answer the question which era it speaks.
    pub probe: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            start: Duration::from_secs(30),
            list: Duration::from_secs(15),
            list_total: Duration::from_secs(30),
            silence: Duration::from_mins(10),
            idle: Duration::from_mins(10),
            probe: Duration::from_secs(5),
        }
    }
}

/// Sizes and counts of one source.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Largest result (and largest single message), in bytes.
    pub result: usize,
    /// Most pages of a list.
    pub pages: usize,
    /// Most bytes of a list.
    pub list: usize,
    /// Most upstream sessions (and so most child programs).
    pub sessions: usize,
    /// How often a server may ask for a sample of the client's model during one call.
    pub samplings: u32,
    /// How often it may ask for anything else during one call.
    pub asks: u32,
    /// Log messages a second that are passed on, for one call.
    pub logs: u32,
    /// Rounds of questions in one call.
    pub rounds: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            result: 8 << 20,
            pages: 100,
            list: 16 << 20,
            sessions: 64,
            samplings: 3,
            asks: 10,
            logs: 50,
            rounds: 10,
        }
    }
}

impl Reach {
    /// The same text for the same server across restarts, without any secret: user names, passwords and values of
    /// query parameters are left out of URLs.
    pub(crate) fn identity(&self) -> String {
        match self {
            Self::Stdio(program) => {
                let words = std::iter::once(&program.command).chain(&program.args);
                let words: Vec<_> = words.map(|w| protocol::json::quote(w)).collect();
                format!("stdio:[{}]", words.join(","))
            }
            Self::Http(remote) => plain(&remote.url),
            Self::Sse(remote) => format!("sse:{}", plain(&remote.url)),
        }
    }

    /// Where it is, if it is on the network.
    pub(crate) fn url(&self) -> Option<Url> {
        match self {
            Self::Stdio(_) => None,
            Self::Http(remote) | Self::Sse(remote) => Some(remote.url.clone()),
        }
    }
}

fn plain(url: &Url) -> String {
    let mut plain = url.clone();
    let names: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    plain.set_query((!names.is_empty()).then(|| names.join("&")).as_deref());
    plain.set_fragment(None);
    // Neither fails for a URL that has a host.
    let _ = plain.set_username("");
    let _ = plain.set_password(None);
    plain.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identity_of_a_url_holds_no_secret() {
        let url = Url::parse("https://joe:hunter2@example.com/mcp?key=s3cret&mode=x#f").unwrap();
        assert_eq!(Reach::Http(Remote::new(url)).identity(), "https://example.com/mcp?key&mode");
    }

    #[test]
    fn command_lines_that_differ_only_in_where_words_end_differ_in_identity() {
        let identity = |args: &[&str]| {
            let args = args.iter().map(|a| (*a).to_owned()).collect();
            let (env, inherit) = (Vec::new(), Vec::new());
            let command = "run".to_owned();
            let confine = Confine::Off;
            Reach::Stdio(Program { command, args, env, inherit, dir: None, confine }).identity()
        };
        assert_ne!(identity(&["a b"]), identity(&["a", "b"]));
        assert_eq!(identity(&["a"]), r#"stdio:["run","a"]"#);
    }
}
