use std::borrow::Cow;

use evm::Address;
use model::money::Rail;
use rails::{Flaw, Transfer, payment, x402};

use super::{Form, flaw};
use crate::{AssetRow, Policy, Scheme};

/// A transfer on a chain that is asked for, held against the operator's table.
pub(crate) struct Chain<'a> {
    pub(crate) dialect: Dialect<'a>,
    pub(crate) transfer: Cow<'a, Transfer>,
    /// The way, or why none of those that are spoken fits.
    pub(crate) scheme: Result<Scheme, &'static str>,
    /// The contract of the asset.
    pub(crate) asset: Result<Address, Flaw>,
    /// What the table says of that contract on that network, and of no other.
    pub(crate) row: Option<&'a AssetRow>,
    /// Who is to be paid.
    pub(crate) payee: Result<Address, Flaw>,
    /// Who may settle, where somebody is named.
    pub(crate) facilitator: Option<Result<Address, Flaw>>,
}

/// In what words it was asked for.
#[derive(Clone, Copy)]
pub(crate) enum Dialect<'a> {
    /// An entry of x402.
    Entry(&'a x402::Offer, &'a x402::Entry),
    /// A charge of the Payment scheme.
    Charge(&'a payment::Challenge),
}

impl<'a> Chain<'a> {
    pub(super) fn of_entry(
        offer: &'a x402::Offer,
        entry: &'a x402::Entry,
        policy: &'a Policy,
    ) -> Self {
        let transfer = Cow::Borrowed(&entry.transfer);
        let scheme = scheme(entry).ok_or("The scheme of the offer is not known.");
        Self::new(Dialect::Entry(offer, entry), transfer, scheme, policy)
    }

    /// The charge of a challenge of method `evm`; none of any other.
    pub(super) fn of_charge(
        challenge: &'a payment::Challenge,
        policy: &'a Policy,
    ) -> Option<Form<'a>> {
        Some(match challenge.evm_charge()? {
            Ok(charge) => {
                let scheme = scheme_of_charge(&charge);
                let transfer = Cow::Owned(charge.transfer);
                let chain = Self::new(Dialect::Charge(challenge), transfer, scheme, policy);
                Form::Chain(Box::new(chain))
            }
            Err(flaw) => Form::Broken(Some(Rail::Mpp), flaw),
        })
    }

    fn new(
        dialect: Dialect<'a>,
        transfer: Cow<'a, Transfer>,
        scheme: Result<Scheme, &'static str>,
        policy: &'a Policy,
    ) -> Self {
        let asset =
            address(&transfer.asset, "The asset is not an address, or its checksum is wrong.");
        let row = policy.assets.iter().find(|row| {
            let token = row.token.as_ref();
            token.is_some_and(|token| {
                let chain = transfer.network.as_deref().ok().and_then(x402::chain_id);
                Some(token.chain_id) == chain && Ok(token.address) == asset
            })
        });
        let who = |text: &String| {
            address(text, "The facilitator is not an address, or its checksum is wrong.")
        };
        Self {
            dialect,
            scheme,
            row,
            payee: address(
                &transfer.pay_to,
                "The payee is not an address, or its checksum is wrong.",
            ),
            facilitator: transfer.hints.facilitator.as_ref().map(who),
            asset,
            transfer,
        }
    }

    pub(crate) const fn rail(&self) -> Rail {
        match self.dialect {
            Dialect::Entry(..) => Rail::X402,
            Dialect::Charge(_) => Rail::Mpp,
        }
    }

    /// The challenge of the Payment scheme that it came with.
    pub(crate) const fn challenge(&self) -> Option<&'a payment::Challenge> {
        match self.dialect {
            Dialect::Entry(..) => None,
            Dialect::Charge(challenge) => Some(challenge),
        }
    }
}

fn scheme(entry: &x402::Entry) -> Option<Scheme> {
    match (entry.scheme.as_str(), entry.transfer.hints.transfer_method.as_deref()) {
        ("exact", None | Some("eip3009")) => Some(Scheme::ExactEip3009),
        ("exact", Some("permit2")) => Some(Scheme::ExactPermit2),
        ("upto", None | Some("permit2")) => Some(Scheme::Upto),
        _ => None,
    }
}

/// A permit of the draft does not bind its payee and is for a spender that is not named, transactions are never signed, and
/// an authorization pays one payee.
fn scheme_of_charge(charge: &payment::EvmCharge) -> Result<Scheme, &'static str> {
    if charge.splits > 0 {
        return Err("The payment is split among several payees, and what is signed pays one.");
    }
    if !charge.takes_authorization() {
        return Err("The seller takes no signed authorization (EIP-3009), the one credential \
            of an EVM charge that names its payee and is made here.");
    }
    Ok(Scheme::ExactEip3009)
}

fn address(text: &str, why: &'static str) -> Result<Address, Flaw> {
    Address::parse(text).map_err(|refused| flaw(refused.code(), why))
}
