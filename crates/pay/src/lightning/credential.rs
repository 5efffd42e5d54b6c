use ::lightning::Preimage;
use rails::{Flaw, Place, payment};
use serde_json::Value;

use super::sealed::Challenge;
use crate::errand::Attachment;

/// What goes with the request once the preimage is known: `Authorization: L402 …`, `LSAT …` or `Payment …`; over MCP the
/// member `org.paymentauth/credential` of `_meta`. Whatever of it could be used by others is among the secrets.
///
/// # Errors
/// `bad_credential`: the challenge cannot be echoed.
pub(super) fn attachment(challenge: &Challenge, preimage: &Preimage) -> Result<Attachment, Flaw> {
    let mut secrets = vec![preimage.hex().to_string()];
    let credential = match challenge {
        Challenge::L402(challenge) => {
            secrets.push(challenge.token.clone());
            challenge.credential(preimage.reveal())
        }
        Challenge::Payment(challenge) => {
            challenge.credential(&payment::Payload::Preimage(preimage.reveal()), None)?
        }
    };
    let text = credential.reveal();
    let mut attachment = Attachment::default();
    match credential.place() {
        Place::Header(name) => {
            // What stands behind the name of the scheme is as good as the whole.
            secrets.extend(text.split_once(' ').map(|(_, rest)| rest.to_owned()));
            let name = http::HeaderName::from_bytes(name.as_bytes()).map_err(|_| unfit())?;
            attachment.headers.push((name, text.to_owned()));
        }
        Place::Meta(name) => {
            let value: Value = serde_json::from_str(text).map_err(|_| unfit())?;
            attachment.meta.push((name.to_owned(), value));
        }
    }
    secrets.push(text.to_owned());
    attachment.secrets = secrets;
    Ok(attachment)
}

fn unfit() -> Flaw {
    Flaw::new(model::money::MoneyRule::BadCredential, "The credential has no place to go.")
}
