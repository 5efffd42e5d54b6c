use std::sync::Arc;

use model::{Credential, Principal, Role, Scopes, TenantId};

use crate::ids::{IdError, principal_id};

/// The operating-system user who started the gate over stdio. Whoever may start the program is who they are: there is
/// no further proof, and no other principal on that front.
///
/// `name` comes from the configuration or the environment; `role` is [`Role::Agent`] unless the configuration says
/// otherwise, because what speaks over stdio is an agent even if a person started it.
pub fn local_principal(
    name: &str,
    tenant: TenantId,
    role: Role,
) -> Result<Arc<Principal>, IdError> {
    Ok(Arc::new(Principal {
        id: principal_id(name)?,
        tenant,
        role,
        scopes: Scopes::default(),
        credential: Credential::LocalUser,
    }))
}

/// Whoever calls where the configuration says `auth = "none"` on loopback: always an agent, never an operator.
pub fn anonymous_principal(tenant: TenantId) -> Arc<Principal> {
    Arc::new(Principal {
        id: model::PrincipalId::new("anonymous"),
        tenant,
        role: Role::Agent,
        scopes: Scopes::default(),
        credential: Credential::None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_user_is_named_and_has_the_role_it_was_given() {
        let tenant = TenantId::new("default");
        let user = local_principal("ada", tenant.clone(), Role::Agent).unwrap();
        assert_eq!((user.id.as_str(), user.role), ("ada", Role::Agent));
        assert_eq!(user.credential, Credential::LocalUser);
        assert!(local_principal("ada lovelace", tenant.clone(), Role::Agent).is_err());
        assert_eq!(anonymous_principal(tenant).role, Role::Agent);
    }
}
