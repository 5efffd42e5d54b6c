use std::fmt;
use std::time::Duration;

/// Whose fault a refusal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The caller sent something wrong or too much.
    Agent,
    /// What stands behind the gate failed.
    Upstream,
    /// The gate itself could not do its part.
    Gate,
    /// Everybody did well and the answer is still no.
    Policy,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $fault:ident, retry $retry:literal, rpc $rpc:literal, http $http:literal;)*) => {
        /// Why something was refused. The text is stable: it appears in answers, records, metrics and documentation.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable text.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Whose fault it is.
            pub const fn fault(self) -> Fault {
                match self { $(Self::$variant => Fault::$fault,)* }
            }

            /// Whether the same request may succeed later.
            pub const fn retryable(self) -> bool {
                match self { $(Self::$variant => $retry,)* }
            }

            /// The JSON-RPC error code. Our own lie outside -32768..-32000 (JSON-RPC 2.0 section 5.1;
            /// MCP 2026-07-28 reserves -32020..-32099).
            pub const fn rpc(self) -> i32 {
                match self { $(Self::$variant => $rpc,)* }
            }

            /// The HTTP status where HTTP has a say (modern requests and refusals before JSON-RPC).
            pub const fn http(self) -> u16 {
                match self { $(Self::$variant => $http,)* }
            }
        }
    };
}

codes! {
    /// Not JSON, or not strict JSON.
    ParseError = "parse_error", Agent, retry false, rpc -32700, http 400;
    /// JSON, but no message of JSON-RPC 2.0.
    InvalidRequest = "invalid_request", Agent, retry false, rpc -32600, http 400;
    /// No such method, or its capability is not offered.
    MethodNotFound = "method_not_found", Agent, retry false, rpc -32601, http 404;
    /// Parameters do not fit the method or the tool's schema.
    InvalidParams = "invalid_params", Agent, retry false, rpc -32602, http 400;
    /// Unknown, hidden or denied: the three look the same from outside.
    Unavailable = "unavailable", Agent, retry false, rpc -32602, http 200;
    /// No resource of that URI that this principal may read.
    ResourceNotFound = "resource_not_found", Agent, retry false, rpc -32002, http 200;
    /// A modern header is missing, malformed or disagrees with the body.
    HeaderMismatch = "header_mismatch", Agent, retry false, rpc -32020, http 400;
    /// The client did not declare a capability that is needed.
    MissingCapability = "missing_client_capability", Agent, retry false, rpc -32021, http 400;
    /// A protocol version that the gate does not speak.
    UnsupportedVersion = "unsupported_protocol_version", Agent, retry false, rpc -32022, http 400;
    /// Larger than a limit allows.
    TooLarge = "too_large", Agent, retry false, rpc -32600, http 413;
    /// Nobody is proven to be calling.
    Unauthenticated = "unauthenticated", Agent, retry false, rpc -31001, http 401;
    /// The credential does not reach this far.
    InsufficientScope = "insufficient_scope", Policy, retry false, rpc -31003, http 403;
    /// Host or Origin is not listed.
    ForbiddenOrigin = "forbidden_origin", Agent, retry false, rpc -31004, http 403;
    /// The session is unknown, ended, expired, or somebody else's.
    SessionNotFound = "session_not_found", Agent, retry false, rpc -31005, http 404;
    /// A visible tool, refused for these arguments or at this time.
    PolicyDenied = "policy_denied", Policy, retry false, rpc -31010, http 403;
    /// A person would have to decide, and there is no way to ask one.
    ApprovalUnavailable = "approval_unavailable", Policy, retry false, rpc -31011, http 403;
    /// A person has been asked; the same request again finds the answer.
    ApprovalRequired = "approval_required", Policy, retry true, rpc -31012, http 403;
    /// A person said no.
    ApprovalDenied = "approval_denied", Policy, retry false, rpc -31013, http 403;
    /// Nobody answered in time, or the answer was not used in time.
    ApprovalExpired = "approval_expired", Policy, retry true, rpc -31014, http 403;
    /// The approval was for one call, and that call was made.
    ApprovalUsed = "approval_used", Policy, retry false, rpc -31015, http 403;
    /// The approval that the request names is for another call, or somebody else's.
    ApprovalMismatch = "approval_mismatch", Policy, retry false, rpc -31016, http 403;
    /// Too many calls in too short a time.
    RateLimited = "rate_limited", Policy, retry true, rpc -31020, http 429;
    /// Too many at once.
    TooManyConcurrent = "too_many_concurrent", Policy, retry true, rpc -31021, http 429;
    /// Too many sessions, streams or connections.
    TooManySessions = "too_many_sessions", Policy, retry true, rpc -31022, http 429;
    /// Too many credentials from one address that proved nobody.
    TooManyFailedLogins = "too_many_failed_logins", Policy, retry true, rpc -31023, http 429;
    /// The definition changed or was found wanting; an operator has to look.
    Quarantined = "quarantined", Policy, retry false, rpc -31030, http 403;
    /// The source could not be reached or answered nonsense.
    UpstreamFailed = "upstream_failed", Upstream, retry true, rpc -32603, http 502;
    /// The source did not answer in time.
    UpstreamTimeout = "upstream_timeout", Upstream, retry true, rpc -32603, http 504;
    /// The source failed too often lately and is left alone for a while.
    UpstreamDown = "upstream_down", Upstream, retry true, rpc -32603, http 503;
    /// What the source sent is larger than the limit for results.
    ResultTooLarge = "result_too_large", Upstream, retry false, rpc -32603, http 502;
    /// The source answered with what reads like orders to a model, and the operator wants such answers withheld.
    ResultWithheld = "result_withheld", Upstream, retry false, rpc -32603, http 502;
    /// Eras differ, and this cannot be said in the other one.
    NotTranslatable = "not_translatable", Gate, retry false, rpc -32603, http 502;
    /// The record of the call could not be made durable.
    AuditUnavailable = "audit_unavailable", Gate, retry true, rpc -31040, http 503;
    /// State at rest (keys, pins) could not be read.
    StoreUnavailable = "store_unavailable", Gate, retry true, rpc -31041, http 503;
    /// A secret that the call needs is missing, meant for something else, or in a vault that cannot be read.
    SecretUnavailable = "secret_unavailable", Gate, retry true, rpc -31043, http 503;
    /// The gate is shutting down.
    Draining = "draining", Gate, retry true, rpc -31042, http 503;
    /// The caller cancelled it.
    Cancelled = "cancelled", Agent, retry true, rpc -31050, http 200;
    /// A fault of our own.
    Internal = "internal", Gate, retry true, rpc -32603, http 500;
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A no, with its reason. `message` is what the caller may see; `detail` is for the operator's log and record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub code: Code,
    /// One sentence for the caller.
    pub message: String,
    /// More for the operator; never leaves the gate.
    pub detail: Option<String>,
    /// JSON text of extra members for `error.data` (an object), if any.
    pub data: Option<String>,
    /// When to try again, if that is known.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// A refusal with its sentence for the caller.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), detail: None, data: None, retry_after: None }
    }

    /// Adds what only the operator may see.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds members for `error.data`: the JSON text of one object.
    #[must_use]
    pub fn data(mut self, json_object: impl Into<String>) -> Self {
        self.data = Some(json_object.into());
        self
    }

    /// Says when the same request may succeed.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_codes_lie_outside_the_ranges_others_reserve() {
        const SPECIFIED: [i32; 9] =
            [-32700, -32600, -32601, -32602, -32603, -32002, -32020, -32021, -32022];
        for code in Code::ALL {
            let rpc = code.rpc();
            assert!(SPECIFIED.contains(&rpc) || !(-32768..=-32000).contains(&rpc), "{code}");
        }
    }

    #[test]
    fn each_text_names_one_code() {
        let mut texts: Vec<_> = Code::ALL.iter().map(|c| c.as_str()).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), Code::ALL.len());
    }
}
