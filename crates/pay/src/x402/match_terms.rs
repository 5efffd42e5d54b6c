use evm::firewall::{self, ExtraSignature, judge_extensions, judge_payee, judge_spender};
use evm::{Address, Token, U256};
use model::money::{Asset, MoneyRule, Rail};
use rails::Offer;
use rails::x402::{self, Entry};
use spend::{Plan, Scheme};

use super::wallet::refused;
use crate::{Job, Stop};

/// The longest that a signature counts, in seconds; what asks for up to three times as much gets this.
const LONGEST: u64 = 300;
const LONGEST_ASKED: u64 = 900;

/// What is going to be signed: the entry of the offer, held once more against what was agreed.
pub(super) struct Matched<'a> {
    pub(super) offer: &'a x402::Offer,
    pub(super) entry: &'a Entry,
    pub(super) scheme: Scheme,
    pub(super) token: &'a Token,
    pub(super) payee: Address,
    pub(super) amount: U256,
    pub(super) facilitator: Option<Address>,
    pub(super) seconds: u64,
    /// The allowance that may be signed beside it, where the seller asks for one.
    pub(super) extra: Option<ExtraSignature>,
}

/// Holds an entry against the agreed terms: the network, the asset, the amount, the payee and the way must be those, word
/// for word or number for number; the token must be as the table has it. Between the judgement and here anything may have
/// happened to either of them, and what is signed now cannot be taken back.
pub(super) fn match_terms<'a>(
    job: &'a Job,
    tokens: &'a [Token],
    wallet: Address,
) -> Result<Matched<'a>, Stop> {
    let changed =
        |what: &str| stop(MoneyRule::RequestChanged, format!("{what} is not what was agreed."));
    let Offer::X402(offer) = &job.offer else { return Err(changed("The rail")) };
    let entry = offer.entries.get(job.choice.entry.index).and_then(|entry| entry.as_ref().ok());
    let entry = entry.ok_or_else(|| changed("The offer"))?;
    let Plan::Evm { scheme, token: planned, payee, facilitator, valid_for, .. } = &job.choice.plan
    else {
        return Err(changed("The plan"));
    };
    let terms = job.terms();
    let token = listed(tokens, planned)?;

    if terms.rail != Rail::X402 || terms.scheme != scheme.as_str() || way(entry) != Some(*scheme) {
        return Err(changed("The way to pay"));
    }
    let network = entry.network.as_ref().map_err(|flaw| stop(flaw.rule, flaw.why.clone()))?;
    if *network != terms.network || x402::chain_id(network) != Some(token.chain_id) {
        return Err(changed("The network"));
    }
    let asset = Asset::erc20(token.chain_id, token.address.as_bytes());
    if asset != *terms.asset() || Address::parse(&entry.asset) != Ok(token.address) {
        return Err(changed("The asset"));
    }
    let minor = entry.amount.as_ref().map_err(|flaw| stop(flaw.rule, flaw.why.clone()))?.minor();
    if minor.ok() != Some(terms.amount.minor) {
        return Err(changed("The amount"));
    }
    let asked = [Address::parse(&entry.pay_to), Address::parse(&terms.payee)];
    if asked != [Ok(*payee), Ok(*payee)] {
        return Err(changed("The payee"));
    }
    let named =
        entry.hints.facilitator.as_deref().map(Address::parse).transpose().map_err(refused)?;
    if *scheme == Scheme::Upto && (named != *facilitator || named.is_none()) {
        return Err(changed("Who may settle"));
    }
    let amount = U256::from(terms.amount.minor);
    let extra = firewall(offer, entry, *scheme, token, amount, *payee, wallet)?;
    let seconds = seconds(entry)?.min(*valid_for);
    Ok(Matched {
        offer,
        entry,
        scheme: *scheme,
        token,
        payee: *payee,
        amount,
        facilitator: *facilitator,
        seconds,
        extra,
    })
}

/// The token of the plan, if the table has that very one.
fn listed<'a>(tokens: &'a [Token], planned: &Token) -> Result<&'a Token, Stop> {
    let same =
        |token: &&Token| (token.chain_id, token.address) == (planned.chain_id, planned.address);
    let token = tokens.iter().find(same);
    let token =
        token.ok_or_else(|| stop(MoneyRule::UnknownAsset, "The asset is not in the table."))?;
    if token == planned {
        Ok(token)
    } else {
        Err(stop(
            MoneyRule::DomainMismatch,
            "The table says something else of the asset than the plan.",
        ))
    }
}

/// The way that an entry asks for; EIP-3009 is the usual one of `exact` (x402, `exact` on EVM).
fn way(entry: &Entry) -> Option<Scheme> {
    match (entry.scheme.as_str(), entry.hints.transfer_method.as_deref()) {
        ("exact", None | Some("eip3009")) => Some(Scheme::ExactEip3009),
        ("exact", Some("permit2")) => Some(Scheme::ExactPermit2),
        ("upto", None | Some("permit2")) => Some(Scheme::Upto),
        _ => None,
    }
}

fn firewall(
    offer: &x402::Offer,
    entry: &Entry,
    scheme: Scheme,
    token: &Token,
    amount: U256,
    payee: Address,
    wallet: Address,
) -> Result<Option<ExtraSignature>, Stop> {
    let said = &entry.hints;
    // What is no number of decimals is not the listed one either.
    let decimals = said.decimals.as_ref().map(|text| text.parse().unwrap_or(u64::MAX));
    token.check_hint(said.name.as_deref(), said.version.as_deref(), decimals).map_err(refused)?;
    judge_payee(payee, wallet, token.address).map_err(refused)?;
    if let Some(spender) = &said.spender {
        let by =
            if scheme == Scheme::Upto { firewall::Scheme::Upto } else { firewall::Scheme::Exact };
        Address::parse(spender).and_then(|named| judge_spender(by, named)).map_err(refused)?;
    }
    let beside = firewall::Terms { token, amount, wallet };
    let extra = judge_extensions(&offer.extensions, &beside).map_err(refused)?;
    Ok(extra.filter(|_| scheme != Scheme::ExactEip3009))
}

fn seconds(entry: &Entry) -> Result<u64, Stop> {
    let asked = entry.timeout.as_ref().map_err(|flaw| stop(flaw.rule, flaw.why.clone()))?;
    if *asked > LONGEST_ASKED {
        return Err(stop(
            MoneyRule::Window,
            "The seller wants the payment to be valid for more than 15 minutes.",
        ));
    }
    Ok((*asked).min(LONGEST))
}

fn stop(rule: MoneyRule, why: impl Into<String>) -> Stop {
    Stop { rule, why: why.into() }
}
