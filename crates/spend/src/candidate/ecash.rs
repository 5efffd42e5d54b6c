use cashu::PaymentRequest;
use model::money::Rail;

use super::invoice::sentence;
use super::{Form, flaw};

/// A request for ecash.
pub(crate) struct Ecash {
    pub(crate) request: PaymentRequest,
}

impl Ecash {
    pub(super) fn read<'a>(request: &rails::cashu::Request) -> Form<'a> {
        match PaymentRequest::parse(&request.text) {
            Ok(request) => Form::Ecash(Box::new(Self { request })),
            Err(fault) => {
                Form::Broken(Some(Rail::Cashu), flaw(fault.code, sentence(fault.message)))
            }
        }
    }
}
