use evm::Address;
use rails::{Flaw, x402};

use super::flaw;
use crate::{AssetRow, Policy, Scheme};

/// An entry of x402, held against the operator's table.
pub(crate) struct Chain<'a> {
    pub(crate) offer: &'a x402::Offer,
    pub(crate) entry: &'a x402::Entry,
    /// The way, if it is one that is spoken.
    pub(crate) scheme: Option<Scheme>,
    /// The contract of the asset.
    pub(crate) asset: Result<Address, Flaw>,
    /// What the table says of that contract on that network, and of no other.
    pub(crate) row: Option<&'a AssetRow>,
    /// Who is to be paid.
    pub(crate) payee: Result<Address, Flaw>,
    /// Who may settle, where somebody is named.
    pub(crate) facilitator: Option<Result<Address, Flaw>>,
}

impl<'a> Chain<'a> {
    pub(super) fn read(offer: &'a x402::Offer, entry: &'a x402::Entry, policy: &'a Policy) -> Self {
        let asset = address(&entry.asset, "The asset is not an address, or its checksum is wrong.");
        let row = policy.assets.iter().find(|row| {
            let token = row.token.as_ref();
            token.is_some_and(|token| {
                let chain = entry.network.as_deref().ok().and_then(x402::chain_id);
                Some(token.chain_id) == chain && Ok(token.address) == asset
            })
        });
        let who = |text: &String| {
            address(text, "The facilitator is not an address, or its checksum is wrong.")
        };
        Self {
            offer,
            entry,
            scheme: scheme(entry),
            row,
            payee: address(&entry.pay_to, "The payee is not an address, or its checksum is wrong."),
            facilitator: entry.hints.facilitator.as_ref().map(who),
            asset,
        }
    }
}

fn scheme(entry: &x402::Entry) -> Option<Scheme> {
    match (entry.scheme.as_str(), entry.hints.transfer_method.as_deref()) {
        ("exact", None | Some("eip3009")) => Some(Scheme::ExactEip3009),
        ("exact", Some("permit2")) => Some(Scheme::ExactPermit2),
        ("upto", None | Some("permit2")) => Some(Scheme::Upto),
        _ => None,
    }
}

fn address(text: &str, why: &'static str) -> Result<Address, Flaw> {
    Address::parse(text).map_err(|refused| flaw(refused.code(), why))
}
