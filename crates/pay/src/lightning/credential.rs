use ::lightning::Preimage;
use model::money::MoneyRule;
use rails::{Flaw, Place, payment};
use serde_json::Value;

use super::reuse::reuse;
use super::sealed::Challenge;
use crate::errand::Attachment;
use crate::free::Session;

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
        Challenge::Session(challenge, back) => {
            let preimage = &preimage.hex();
            challenge
                .session_credential(payment::SessionAct::Open { preimage, return_invoice: back })?
        }
    };
    let text = credential.reveal();
    let (reuse, session) = (reuse(challenge), session(challenge, preimage));
    let mut attachment = Attachment { reuse, session, ..Attachment::default() };
    match credential.place() {
        Place::Header(name) => {
            // What stands behind the name of the scheme is as good as the whole.
            secrets.extend(text.split_once(' ').map(|(_, rest)| rest.to_owned()));
            attachment.headers.push((name.to_owned(), text.to_owned()));
        }
        Place::Meta(name) => {
            let value: Value = serde_json::from_str(text).map_err(|_| {
                Flaw::new(MoneyRule::BadCredential, "The credential is not what MCP carries.")
            })?;
            attachment.meta.push((name.to_owned(), value));
        }
    }
    secrets.push(text.to_owned());
    attachment.secrets = secrets;
    Ok(attachment)
}

/// The session that a deposit opens.
fn session(challenge: &Challenge, preimage: &Preimage) -> Option<Session> {
    let Challenge::Session(challenge, _) = challenge else { return None };
    let idle = challenge.lightning_session().and_then(Result::ok).and_then(|read| read.idle);
    let idle = idle.map(|seconds| seconds.saturating_mul(1000));
    let (id, preimage) = (preimage.hash().to_string(), preimage.hex().to_string());
    Some(Session::paid(challenge.realm.clone(), id, preimage, idle))
}
