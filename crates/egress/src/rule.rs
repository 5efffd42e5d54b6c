use std::fmt;

use crate::Class;

/// Which rule refused a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The address is of a class that may not be dialled.
    Address(Class),
    /// The URL is not `http` or `https`.
    Scheme,
    /// The URL holds a user name or a password.
    UserInfo,
    /// The URL has no host, or a fragment, or is no URL.
    Malformed,
    /// The URL is longer than 8 KiB.
    Length,
    /// The authority holds what parsers disagree about: a back-slash, a control character, white space, an escape.
    Authority,
    /// The host is not written the ordinary way.
    Spelling,
    /// The name is that of a cloud's metadata service.
    MetadataName,
    /// The host is not on the target's list of hosts.
    Host,
    /// The method is not on the target's list of methods.
    Method,
    /// The address is the one this gate itself listens on.
    Own,
    /// There is no way there: an onion service without a SOCKS proxy.
    NoRoute,
    /// The name has no address.
    NoAddress,
    /// The name has more addresses than anybody needs.
    Answers,
    /// The request is for another origin than its client.
    Origin,
}

impl Rule {
    /// A stable word for records, metrics and `explain`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Address(_) => "address_refused",
            Self::Scheme => "scheme_refused",
            Self::UserInfo => "userinfo_refused",
            Self::Malformed => "url_malformed",
            Self::Length => "url_too_long",
            Self::Authority => "authority_refused",
            Self::Spelling => "host_spelling_refused",
            Self::MetadataName => "metadata_name_refused",
            Self::Host => "host_not_listed",
            Self::Method => "method_not_listed",
            Self::Own => "own_address_refused",
            Self::NoRoute => "no_route",
            Self::NoAddress => "dns_failed",
            Self::Answers => "dns_too_many",
            Self::Origin => "other_origin",
        }
    }
}

/// A target that is not dialled: the rule, and a sentence for the operator. It never holds a path, a query or a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which rule.
    pub rule: Rule,
    /// Why, and what to do.
    pub reason: String,
}

impl Refusal {
    pub(crate) fn new(rule: Rule, reason: impl Into<String>) -> Self {
        Self { rule, reason: reason.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule.code(), self.reason)
    }
}

impl std::error::Error for Refusal {}
