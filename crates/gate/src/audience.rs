use std::sync::Arc;

use model::TenantId;

/// For whom a source is there. To all others it is like one that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Audience {
    /// For every tenant.
    #[default]
    Everyone,
    /// For these tenants and nobody else.
    Tenants(Arc<[TenantId]>),
}

impl Audience {
    /// For these tenants and nobody else.
    pub fn only(tenants: impl IntoIterator<Item = TenantId>) -> Self {
        Self::Tenants(tenants.into_iter().collect())
    }

    /// Whether a tenant is among those.
    pub fn has(&self, tenant: &TenantId) -> bool {
        match self {
            Self::Everyone => true,
            Self::Tenants(tenants) => tenants.contains(tenant),
        }
    }

    /// Whether somebody may belong to both.
    pub fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Everyone, Self::Everyone) => true,
            (Self::Everyone, Self::Tenants(some)) | (Self::Tenants(some), Self::Everyone) => {
                !some.is_empty()
            }
            (Self::Tenants(some), _) => some.iter().any(|tenant| other.has(tenant)),
        }
    }

    /// The tenants by name, where it is not for everyone.
    pub fn tenants(&self) -> Option<&[TenantId]> {
        match self {
            Self::Everyone => None,
            Self::Tenants(tenants) => Some(tenants),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tenants: &[&str]) -> Audience {
        Audience::only(tenants.iter().map(TenantId::new))
    }

    #[test]
    fn a_source_is_there_for_its_tenants_and_two_meet_where_somebody_would_see_both() {
        let (acme, globex) = (of(&["acme"]), of(&["globex", "initech"]));
        assert!(acme.has(&TenantId::new("acme")) && !acme.has(&TenantId::new("globex")));
        assert!(Audience::Everyone.has(&TenantId::new("acme")));
        assert!(!of(&[]).has(&TenantId::new("acme")));
        assert!(!acme.meets(&globex) && !globex.meets(&acme));
        for (one, other) in [
            (&acme, &Audience::Everyone),
            (&acme, &of(&["globex", "acme"])),
            (&Audience::Everyone, &Audience::Everyone),
        ] {
            assert!(one.meets(other) && other.meets(one), "{one:?} {other:?}");
        }
        assert!(!of(&[]).meets(&Audience::Everyone));
    }
}
