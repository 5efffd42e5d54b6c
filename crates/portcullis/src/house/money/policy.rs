use evm::Address;
use model::money::Rail;
use spend::{AssetRow, Lightning, Listed, Pin, Policy, Price, Scheme, SignIn, Target, Thresholds};

use super::units::{REFERENCE, assets, split, worth};
use crate::config::{self, FeesInCaps, Payments, SignInWhere};

/// The least that a routing fee may be, in satoshi.
const FEE_FLOOR: u64 = 10;
/// The most that a routing fee may be above that, in percent.
const FEE_PERCENT: u32 = 1;
/// How far a price may rise, in percent.
const TOLERANCE: u32 = 20;

/// What an operator allows, as the judge of offers takes it.
pub fn policy(own: &Payments) -> Result<Policy, String> {
    let origin =
        |text: &String| Listed::parse(text).map_err(|e| format!("`origins`: `{text}`: {e}"));
    let chains = own.x402.as_ref();
    let named = chains.map_or_else(|| Ok(Vec::new()), |x| schemes(&x.schemes))?;
    Ok(Policy {
        origins: own.origins.iter().map(origin).collect::<Result<_, _>>()?,
        rails: rails(own)?,
        networks: chains.map(|x| x.networks.clone()).unwrap_or_default(),
        // Without a key nothing is signed, on whatever rail.
        schemes: if signs(own) { named } else { Vec::new() },
        assets: rows(own)?,
        reference: REFERENCE.to_owned(),
        denied_payees: own.payees_denied.clone(),
        tolerance_percent: own.price_tolerance.unwrap_or(TOLERANCE),
        thresholds: Thresholds {
            ask_above: prices(own.ask_above.as_deref())?,
            four_eyes_above: prices(own.four_eyes_above.as_deref())?,
        },
        lightning: lightning(own)?,
        fees_in_caps: own.fees_in_caps == FeesInCaps::Strict,
        mints: mints(own)?,
        ecash: own.cashu.is_some(),
        ecash_locks: own.cashu.as_ref().is_some_and(|cashu| cashu.locks),
        opaque_tokens: opaque(own)?,
        transfers: transfers(own)?,
        sign_in: sign_in(own)?,
    })
}

/// Those that were named; all that have a wallet where none was.
fn rails(own: &Payments) -> Result<Vec<Rail>, String> {
    let (chain, lightning) = (signs(own), own.lightning.is_some());
    let ready = |rail: Rail| match rail {
        Rail::X402 => chain,
        Rail::L402 => lightning,
        Rail::Mpp => lightning || chain,
        Rail::Cashu => own.cashu.is_some(),
        Rail::Human => own.by_hand(),
    };
    if own.rails.is_empty() {
        let usual = [Rail::L402, Rail::X402, Rail::Mpp, Rail::Cashu, Rail::Human];
        return Ok(usual.into_iter().filter(|rail| ready(*rail)).collect());
    }
    let named: Vec<Rail> = own.rails.iter().map(|name| Rail::from(*name)).collect();
    match named.iter().find(|rail| !ready(**rail)) {
        Some(rail) => Err(format!(
            "`rails` names {rail}, and nothing is configured to pay by it: add its section"
        )),
        None => Ok(named),
    }
}

fn signs(own: &Payments) -> bool {
    own.x402.as_ref().is_some_and(|x402| x402.key.is_some())
}

fn schemes(named: &[String]) -> Result<Vec<Scheme>, String> {
    let mut all = Vec::new();
    for name in named {
        all.extend(match name.as_str() {
            "exact" => vec![Scheme::ExactEip3009, Scheme::ExactPermit2],
            "exact/eip3009" => vec![Scheme::ExactEip3009],
            "exact/permit2" => vec![Scheme::ExactPermit2],
            "upto" => vec![Scheme::Upto],
            other => {
                return Err(format!(
                    "`{other}` is no scheme of x402 that is known here: use exact, exact/eip3009, exact/permit2 or upto"
                ));
            }
        });
    }
    Ok(all)
}

/// The table of trusted tokens, as those who sign and those who look at chains take it.
pub fn tokens(own: &Payments) -> Result<Vec<evm::Token>, String> {
    own.asset.iter().map(token).collect()
}

fn token(entry: &config::AssetEntry) -> Result<evm::Token, String> {
    let wrong = || format!("`{}` names no token: write eip155:<chain>/erc20:<address>", entry.id);
    let rest = entry.id.strip_prefix("eip155:").ok_or_else(wrong)?;
    let (chain, address) = rest.split_once("/erc20:").ok_or_else(wrong)?;
    Ok(evm::Token {
        chain_id: chain.parse().map_err(|_| wrong())?,
        address: Address::parse(address).map_err(|_| wrong())?,
        name: entry.name.clone(),
        version: entry.version.clone(),
        decimals: entry.decimals,
    })
}

fn rows(own: &Payments) -> Result<Vec<AssetRow>, String> {
    let tokens = tokens(own)?;
    let mut rows = Vec::new();
    for (n, money) in assets(own)?.into_iter().enumerate() {
        rows.push(AssetRow {
            worth: worth(own, &money.symbol)?,
            token: tokens.get(n).cloned(),
            asset: money.asset,
            symbol: money.symbol,
            decimals: money.decimals,
        });
    }
    Ok(rows)
}

fn prices(text: Option<&str>) -> Result<Vec<Price>, String> {
    let Some(text) = text else { return Ok(Vec::new()) };
    split(text)?;
    let price = Price::parse(text, REFERENCE);
    price.map(|price| vec![price]).map_err(|e| format!("`{}`: {e}", text.escape_debug()))
}

fn lightning(own: &Payments) -> Result<Lightning, String> {
    let set = own.lightning.as_ref();
    let name = set.map_or("mainnet", |l| l.network.as_str());
    let network = lightning::Network::of_name(name)
        .ok_or_else(|| format!("`{name}` is no network of Lightning"))?;
    let floor = set.and_then(|l| l.fee_min).unwrap_or(FEE_FLOOR);
    let percent = set.and_then(|l| l.fee_percent).unwrap_or(FEE_PERCENT);
    Ok(Lightning {
        network,
        fee_floor: u128::from(floor),
        fee_basis_points: percent.saturating_mul(100),
        sessions: set.is_some_and(|l| l.sessions),
    })
}

fn mints(own: &Payments) -> Result<Vec<cashu::MintUrl>, String> {
    let named = own.cashu.iter().flat_map(|cashu| &cashu.mints);
    let parse = |text: &String| {
        cashu::MintUrl::parse(text).map_err(|e| format!("`mints`: `{}`: {e}", text.escape_debug()))
    };
    named.map(parse).collect()
}

fn opaque(own: &Payments) -> Result<Vec<spend::Origin>, String> {
    let named = own.lightning.iter().flat_map(|l| &l.opaque_tokens);
    let parse = |text: &String| {
        let target = Target::parse(text).map_err(|e| format!("`opaque-tokens`: `{text}`: {e}"))?;
        Ok(target.origin)
    };
    named.map(parse).collect()
}

fn transfers(own: &Payments) -> Result<Vec<Listed>, String> {
    let named = own.human.iter().flat_map(|human| &human.transfers);
    let parse =
        |text: &String| Listed::parse(text).map_err(|e| format!("`transfers`: `{text}`: {e}"));
    named.map(parse).collect()
}

fn sign_in(own: &Payments) -> Result<SignIn, String> {
    let Some(set) = &own.x402 else { return Ok(SignIn::default()) };
    let where_paid = set.sign_in == SignInWhere::Paid;
    if !where_paid && !set.sign_in_at.is_empty() {
        return Err(
            "`sign-in-at` names sellers, and `sign-in` is off: take one of them out".to_owned()
        );
    }
    let seller = |text: &String| {
        let wrong = |what: String| format!("`sign-in-at`: `{}`: {what}", text.escape_debug());
        if !own.origins.contains(text) {
            return Err(wrong("it is none of `origins`".to_owned()));
        }
        Listed::parse(text).map_err(|e| wrong(e.to_string()))
    };
    let anyone = set.sign_in_at.iter().map(seller).collect::<Result<_, _>>()?;
    Ok(SignIn { where_paid, anyone })
}

/// What the operator's file says of tools and sellers beforehand.
pub fn pins(own: &Payments) -> Result<Vec<Pin>, String> {
    let parse = |entry: &config::PinEntry| {
        let wrong =
            |what: String| format!("`pin` of `{}` at `{}`: {what}", entry.tool, entry.origin);
        let origin = Target::parse(&entry.origin).map_err(|e| wrong(e.to_string()))?.origin;
        let payee = entry.payee.as_deref();
        let address = payee.filter(|p| p.starts_with("0x")).map(Address::parse);
        let address = address.transpose().map_err(|e| wrong(e.to_string()))?;
        let node = payee.filter(|p| !p.starts_with("0x"));
        let node = node.map(|text| {
            lightning::NodeId::from_hex(text).ok_or_else(|| {
                wrong("the payee is neither an address nor the key of a node".to_owned())
            })
        });
        let price = |text: &Option<String>| {
            prices(text.as_deref()).map(|mut all| all.pop()).map_err(&wrong)
        };
        Ok(Pin {
            origin,
            tool: entry.tool.clone(),
            payee: address,
            node: node.transpose()?,
            price: price(&entry.price)?,
            advertised: price(&entry.advertised)?,
        })
    };
    own.pin.iter().map(parse).collect()
}
