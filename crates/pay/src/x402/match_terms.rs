use std::borrow::Cow;

use evm::firewall::{self, ExtraSignature, judge_extensions, judge_payee, judge_spender};
use evm::{Address, Token, U256};
use model::Timestamp;
use model::money::{Asset, MoneyRule, Rail};
use rails::x402::{self, Entry};
use rails::{Offer, Transfer, payment};
use spend::{Plan, Scheme};

use super::wallet::refused;
use crate::{Job, Stop};

/// The longest that a signature counts, in seconds; what asks for up to three times as much gets this.
const LONGEST: u64 = 300;
const LONGEST_ASKED: u64 = 900;

/// What is going to be signed: what was offered, held once more against what was agreed.
pub(super) struct Matched<'a> {
    pub(super) dialect: Dialect<'a>,
    pub(super) scheme: Scheme,
    pub(super) token: &'a Token,
    pub(super) payee: Address,
    pub(super) amount: U256,
    pub(super) facilitator: Option<Address>,
    pub(super) seconds: u64,
    /// When the offer itself ends, in seconds since 1970.
    pub(super) ends: Option<u64>,
    /// The allowance that may be signed beside it, where the seller asks for one.
    pub(super) extra: Option<ExtraSignature>,
}

/// In what words it was offered: they decide what goes back.
#[derive(Clone, Copy)]
pub(super) enum Dialect<'a> {
    /// An entry of x402.
    Entry(&'a x402::Offer, &'a Entry),
    /// A charge of the Payment scheme.
    Charge(&'a payment::Challenge),
}

impl<'a> Dialect<'a> {
    pub(super) const fn challenge(self) -> Option<&'a payment::Challenge> {
        match self {
            Self::Entry(..) => None,
            Self::Charge(challenge) => Some(challenge),
        }
    }
}

/// Holds an offer against the agreed terms: the network, the asset, the amount, the payee and the way must be those, word
/// for word or number for number; the token must be as the table has it. Between the judgement and here anything may have
/// happened to either of them, and what is signed now cannot be taken back.
pub(super) fn match_terms<'a>(
    job: &'a Job,
    tokens: &'a [Token],
    wallet: Address,
) -> Result<Matched<'a>, Stop> {
    let changed =
        |what: &str| stop(MoneyRule::RequestChanged, format!("{what} is not what was agreed."));
    let asked = Asked::of(job).ok_or_else(|| changed("The offer"))?;
    let transfer = &*asked.transfer;
    let Plan::Evm { scheme, token: planned, payee, facilitator, valid_for, .. } = &job.choice.plan
    else {
        return Err(changed("The plan"));
    };
    let terms = job.terms();
    let token = listed(tokens, planned)?;

    let named = terms.rail == asked.rail && terms.scheme == scheme.as_str();
    if !named || asked.way != Some(*scheme) {
        return Err(changed("The way to pay"));
    }
    let network = transfer.network.as_ref().map_err(|flaw| stop(flaw.rule, flaw.why.clone()))?;
    if *network != terms.network || x402::chain_id(network) != Some(token.chain_id) {
        return Err(changed("The network"));
    }
    let asset = Asset::erc20(token.chain_id, token.address.as_bytes());
    if asset != *terms.asset() || Address::parse(&transfer.asset) != Ok(token.address) {
        return Err(changed("The asset"));
    }
    let minor = transfer.amount.as_ref().map_err(|flaw| stop(flaw.rule, flaw.why.clone()))?.minor();
    if minor.ok() != Some(terms.amount.minor) {
        return Err(changed("The amount"));
    }
    let payees = [Address::parse(&transfer.pay_to), Address::parse(&terms.payee)];
    if payees != [Ok(*payee), Ok(*payee)] {
        return Err(changed("The payee"));
    }
    let named =
        transfer.hints.facilitator.as_deref().map(Address::parse).transpose().map_err(refused)?;
    if *scheme == Scheme::Upto && (named != *facilitator || named.is_none()) {
        return Err(changed("Who may settle"));
    }
    let amount = U256::from(terms.amount.minor);
    let extra = firewall(&asked, *scheme, token, amount, *payee, wallet)?;
    let seconds = seconds(asked.dialect)?.min(*valid_for);
    Ok(Matched {
        dialect: asked.dialect,
        scheme: *scheme,
        token,
        payee: *payee,
        amount,
        facilitator: *facilitator,
        seconds,
        ends: asked.ends,
        extra,
    })
}

/// What a seller asks for, in either dialect.
struct Asked<'a> {
    dialect: Dialect<'a>,
    rail: Rail,
    transfer: Cow<'a, Transfer>,
    way: Option<Scheme>,
    ends: Option<u64>,
}

impl<'a> Asked<'a> {
    /// The entry that was chosen, or the charge; `None` where there is none.
    fn of(job: &'a Job) -> Option<Self> {
        match &job.offer {
            Offer::X402(offer) => {
                let entry = offer.entries.get(job.choice.entry.index)?.as_ref().ok()?;
                Some(Self {
                    dialect: Dialect::Entry(offer, entry),
                    rail: Rail::X402,
                    transfer: Cow::Borrowed(&entry.transfer),
                    way: way(entry),
                    ends: None,
                })
            }
            Offer::Payment(challenge) => {
                let charge = challenge.evm_charge()?.ok()?;
                let one = charge.takes_authorization() && charge.splits == 0;
                Some(Self {
                    dialect: Dialect::Charge(challenge),
                    rail: Rail::Mpp,
                    transfer: Cow::Owned(charge.transfer),
                    way: one.then_some(Scheme::ExactEip3009),
                    ends: challenge.expires_at().map(Timestamp::as_secs),
                })
            }
            _ => None,
        }
    }
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
    match (entry.scheme.as_str(), entry.transfer.hints.transfer_method.as_deref()) {
        ("exact", None | Some("eip3009")) => Some(Scheme::ExactEip3009),
        ("exact", Some("permit2")) => Some(Scheme::ExactPermit2),
        ("upto", None | Some("permit2")) => Some(Scheme::Upto),
        _ => None,
    }
}

fn firewall(
    asked: &Asked<'_>,
    scheme: Scheme,
    token: &Token,
    amount: U256,
    payee: Address,
    wallet: Address,
) -> Result<Option<ExtraSignature>, Stop> {
    let said = &asked.transfer.hints;
    // What is no number of decimals is not the listed one either.
    let decimals = said.decimals.as_ref().map(|text| text.parse().unwrap_or(u64::MAX));
    token.check_hint(said.name.as_deref(), said.version.as_deref(), decimals).map_err(refused)?;
    judge_payee(payee, wallet, token.address).map_err(refused)?;
    if let Some(spender) = &said.spender {
        let by =
            if scheme == Scheme::Upto { firewall::Scheme::Upto } else { firewall::Scheme::Exact };
        Address::parse(spender).and_then(|named| judge_spender(by, named)).map_err(refused)?;
    }
    // A charge of the Payment scheme has nothing beside it.
    let Dialect::Entry(offer, _) = asked.dialect else { return Ok(None) };
    let beside = firewall::Terms { token, amount, wallet };
    let extra = judge_extensions(&offer.extensions, &beside).map_err(refused)?;
    Ok(extra.filter(|_| scheme != Scheme::ExactEip3009))
}

/// How long it may count; a charge says when it ends, and no more.
fn seconds(dialect: Dialect<'_>) -> Result<u64, Stop> {
    let Dialect::Entry(_, entry) = dialect else { return Ok(LONGEST) };
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
