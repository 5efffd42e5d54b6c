//! Values that may hold secrets of the vault: filled in when something is sent or started, and never before.

use futures_util::FutureExt as _;
use model::{NoVault, Secret, Template, Usage};

/// The text of a template without secrets; `None` if it has any.
pub(crate) fn plain(template: &Template) -> Option<Secret<String>> {
    if template.names().next().is_some() {
        return None;
    }
    // Without a secret to wait for it is there at once.
    template.fill(&NoVault, Usage::Host("", 0)).now_or_never()?.ok()
}

/// Named values that are known.
pub(crate) type Known = Vec<(String, Secret<String>)>;
/// Named values that hold secrets.
pub(crate) type Sealed = Vec<(String, Template)>;

/// Splits values into those that are known now, and those that hold secrets.
pub(crate) fn split(values: Sealed) -> (Known, Sealed) {
    let (mut known, mut sealed) = (Vec::new(), Vec::new());
    for (name, template) in values {
        match plain(&template) {
            Some(text) => known.push((name, text)),
            None => sealed.push((name, template)),
        }
    }
    (known, sealed)
}
