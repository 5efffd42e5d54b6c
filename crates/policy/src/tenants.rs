use std::collections::BTreeMap;

use model::{Action, Principal, TenantId, Verdict};

use crate::error::LoadError;
use crate::known::Known;
use crate::pattern::Pattern;
use crate::request::Target;

/// The name under which the lists of tenants appear in errors.
pub(crate) const FILE: &str = "tenants";

/// What each tenant may use at all, whatever the policies permit.
///
/// While no tenant is declared there is nothing to say about any. Once one is, a tenant that is not declared may use
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tenants(BTreeMap<TenantId, Lists>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Lists {
    /// Nothing else, where there is such a list.
    allow: Option<Vec<Pattern>>,
    deny: Vec<Pattern>,
}

impl Tenants {
    /// Declares a tenant. Without an `allow` list it may use what is there for it; with one, only what is on it: an empty
    /// one allows nothing. What is on its `deny` list it may not use in any case. Each entry is an exposed name, or the
    /// beginning of one followed by `*`.
    ///
    /// # Errors
    /// An entry is no pattern, or one that nothing can match.
    pub fn declare(
        &mut self,
        tenant: TenantId,
        allow: Option<&[String]>,
        deny: &[String],
        known: &Known,
    ) -> Result<(), LoadError> {
        let read = |list: &[String]| -> Result<Vec<Pattern>, LoadError> {
            list.iter().map(|pattern| Pattern::read(pattern, known, FILE)).collect()
        };
        let lists = Lists { allow: allow.map(read).transpose()?, deny: read(deny)? };
        self.0.insert(tenant, lists);
        Ok(())
    }

    /// The refusal, if the principal's tenant may not use this thing.
    pub(crate) fn refusal(
        &self,
        principal: &Principal,
        action: Action,
        target: &Target<'_>,
    ) -> Option<Verdict> {
        if self.0.is_empty() {
            return None;
        }
        let tenant = &principal.tenant;
        let any = |list: &[Pattern]| list.iter().any(|pattern| pattern.fits(action, target));
        let why = match self.0.get(tenant) {
            None => "is not declared",
            Some(lists) if any(&lists.deny) => "has it on its deny list",
            Some(Lists { allow: Some(allow), .. }) if !any(allow) => {
                "does not have it on its allow list"
            }
            Some(_) => return None,
        };
        Some(Verdict::Deny {
            rule: format!("tenant:{tenant}"),
            reason: format!("the tenant `{tenant}` {why}"),
        })
    }
}
