use model::money::Terms;
use model::{PrincipalId, SourceName, TenantId};

use crate::digest;

/// What a yes is bound to: everything that makes this call this call. Two calls that differ in any part are two calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Whom the principal belongs to.
    pub tenant: TenantId,
    /// Who calls.
    pub principal: PrincipalId,
    /// The session, as records name it; empty for clients that have none. A person may widen a yes to every session
    /// of the principal.
    pub session: String,
    /// What is asked of the source: `tools/call`, `resources/read`, `prompts/get`.
    pub method: String,
    /// The source.
    pub source: SourceName,
    /// The exposed name of the tool or prompt, or the URI of the resource.
    pub tool: String,
    /// Digest of the definition the tool had, in hexadecimal; empty for what has none.
    pub definition: String,
    /// SHA-256 of the canonical arguments (RFC 8785, numbers exact): the order of members makes no difference.
    pub arguments: [u8; 32],
    /// What is to be paid, where the call costs something.
    pub terms: Option<Terms>,
    /// SHA-256 of the policies that asked.
    pub policy: [u8; 32],
}

impl Binding {
    /// The same call at this price. The payment engine begins with the binding of the call it is asked to pay for.
    #[must_use]
    pub fn with_terms(self, terms: Terms) -> Self {
        Self { terms: Some(terms), ..self }
    }

    /// SHA-256 of all parts but the session, which a person may widen.
    pub fn digest(&self) -> [u8; 32] {
        let rest = [self.definition.as_bytes(), &self.policy];
        digest::of(&[&self.call(), rest[0], rest[1]])
    }

    /// SHA-256 of the call alone, whatever policy and definition are now.
    pub(crate) fn call(&self) -> [u8; 32] {
        let terms = self.terms.as_ref().map(Terms::canonical);
        digest::of(&[
            self.tenant.as_str().as_bytes(),
            self.principal.as_str().as_bytes(),
            self.method.as_bytes(),
            self.source.as_str().as_bytes(),
            self.tool.as_bytes(),
            &self.arguments,
            // Absent and empty must not look alike.
            if terms.is_some() { b"terms" } else { b"" },
            terms.as_deref().unwrap_or_default().as_bytes(),
        ])
    }
}
