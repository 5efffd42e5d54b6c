use std::sync::{Mutex, PoisonError};

use super::Masks;
use crate::{Given, SecretName, Secrets, Usage};

/// Gives secrets out as another does, and keeps a mask for each.
pub struct Noting<'a> {
    from: &'a dyn Secrets,
    masks: Mutex<Masks>,
}

impl<'a> Noting<'a> {
    /// Gives out what `from` does.
    pub fn new(from: &'a dyn Secrets) -> Self {
        Self { from, masks: Mutex::new(Masks::none()) }
    }

    /// Masks of everything that was given out, or told of, so far.
    pub fn into_masks(self) -> Masks {
        self.masks.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Secrets for Noting<'_> {
    fn secret<'a>(&'a self, name: &'a SecretName, usage: Usage<'a>) -> Given<'a> {
        Box::pin(async move {
            let value = self.from.secret(name, usage).await?;
            self.used(name.as_str(), value.reveal());
            Ok(value)
        })
    }

    fn used(&self, name: &str, value: &str) {
        self.masks.lock().unwrap_or_else(PoisonError::into_inner).add(name, value);
    }
}
