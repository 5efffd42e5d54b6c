use cashu::{MintUrl, PaymentRequest};
use model::money::Rail;

use super::invoice::sentence;
use super::{Form, flaw};
use crate::Policy;

/// A request for ecash, to be paid with that of one mint.
pub(crate) struct Ecash {
    pub(crate) request: PaymentRequest,
    /// A mint that both sides agree to; `None` where there is none.
    pub(crate) mint: Option<MintUrl>,
}

impl Ecash {
    /// One way to pay for each mint that both sides agree to, in the operator's order.
    pub(super) fn read<'a>(request: &rails::cashu::Request, policy: &Policy) -> Vec<Form<'a>> {
        let request = match PaymentRequest::parse(&request.text) {
            Ok(request) => request,
            Err(fault) => {
                let flaw = flaw(fault.code, sentence(fault.message));
                return vec![Form::Broken(Some(Rail::Cashu), flaw)];
            }
        };
        let one = |mint| Form::Ecash(Box::new(Self { request: request.clone(), mint }));
        let agreed = request.agreed(&policy.mints);
        if agreed.is_empty() {
            return vec![one(None)];
        }
        agreed.into_iter().map(|mint| one(Some(mint))).collect()
    }
}
