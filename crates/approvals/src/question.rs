use model::{Credential, Timestamp};

use crate::{Binding, Hand};

/// Most bytes of masked arguments that are kept with a question.
pub(crate) const MAX_ARGUMENTS: usize = 8 * 1024;
/// Most reasons that are kept.
pub(crate) const MAX_REASONS: usize = 16;

/// What is put to a person: the exact call, and what a person needs to see to judge it.
#[derive(Debug, Clone)]
pub struct Question {
    /// What a yes will be bound to.
    pub binding: Binding,
    /// How the caller proved who it is.
    pub credential: Credential,
    /// The arguments as JSON text, secrets masked. More than 8 KiB is cut.
    pub arguments: String,
    /// Why a person is asked, as stable codes (`policy_asks`, `first_payee`, …) or ids of policies, most important
    /// first.
    pub reasons: Vec<String>,
    /// From how many different persons a yes is needed: 1, or 2 for four eyes.
    pub persons: u8,
    /// No answer counts from this moment on, if it comes before the time that the desk gives every question.
    pub not_after: Option<Timestamp>,
    /// The price as people say it, `0.01 USDC`; empty where there is none, or no name for its asset.
    pub price: String,
    /// Where the person who says yes is to pay it, with a wallet of their own.
    pub hand: Option<Hand>,
}

impl Question {
    /// A question that one person may answer, for the reason that a policy asks.
    pub fn new(binding: Binding, credential: Credential, arguments: String) -> Self {
        let reasons = vec!["policy_asks".to_owned()];
        let (persons, not_after, price, hand) = (1, None, String::new(), None);
        Self { binding, credential, arguments, reasons, persons, not_after, price, hand }
    }
}

/// `text` cut at a character so that it has at most `max` bytes, with a mark that says so.
pub(crate) fn cut(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let end = (0..=max).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{}… ({} bytes)", &text[..end], text.len())
}
