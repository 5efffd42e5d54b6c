use bytes::Bytes;
use model::money::{MoneyRule, Rail};

use crate::{Flaw, MAX_ACCEPTS, MAX_BODY, MAX_HEADER, cashu, challenge, l402, payment, x402};

/// A header field: its name in any case, and its value.
pub type Field<'a> = (&'a str, &'a [u8]);

/// What an answer asks for.
#[derive(Debug, Clone)]
pub enum Demand {
    /// Nothing: it is handed on as it is.
    None,
    /// At least one offer. They are in a fixed order: x402, L402, Payment in the seller's order, Cashu, LNURLcash.
    Offers(Vec<Offer>),
    /// It asks for money in a way that cannot be answered.
    Unreadable(Flaw),
}

/// One offer, of one dialect.
#[derive(Debug, Clone)]
pub enum Offer {
    /// x402, with its entries.
    X402(Box<x402::Offer>),
    /// L402.
    L402(l402::Challenge),
    /// The Payment scheme.
    Payment(Box<payment::Challenge>),
    /// Cashu.
    Cashu(cashu::Request),
    /// LNURLcash (LUD-25): recognised, and not a rail of this house.
    LnurlCash,
    /// One that is recognised and cannot be read. It does not spoil another.
    Broken(Rail, Flaw),
}

impl Offer {
    /// The rail; `None` for a dialect without one.
    pub const fn rail(&self) -> Option<Rail> {
        match self {
            Self::X402(_) => Some(Rail::X402),
            Self::L402(_) => Some(Rail::L402),
            Self::Payment(_) => Some(Rail::Mpp),
            Self::Cashu(_) => Some(Rail::Cashu),
            Self::Broken(rail, _) => Some(*rail),
            Self::LnurlCash => None,
        }
    }
}

/// Reads an HTTP answer. Only one with status 402 asks for anything.
pub fn answer(status: u16, headers: &[Field<'_>], body: &[u8]) -> Demand {
    if status != 402 {
        return Demand::None;
    }
    let mut offers = Vec::new();
    offers.extend(x402_offer(headers, body));
    challenges(headers, &mut offers);
    offers.extend(cashu_offer(headers));
    if values(headers, "x-lnurlcash").next().is_some() {
        offers.push(Offer::LnurlCash);
    }
    if !offers.is_empty() {
        return Demand::Offers(offers);
    }
    if asks_in_another_way(headers, body) {
        let why = "The answer asks for money in a dialect that is not spoken.";
        return Demand::Unreadable(Flaw::new(MoneyRule::NoAcceptableOffer, why));
    }
    Demand::None
}

fn values<'a>(headers: &'a [Field<'a>], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    headers
        .iter()
        .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| *value)
}

/// The one value of a field that may stand there several times only if it says the same.
fn single<'a>(headers: &'a [Field<'a>], name: &'a str) -> Result<Option<&'a [u8]>, Flaw> {
    let mut all = values(headers, name);
    let first = all.next();
    if first.is_some_and(|first| all.any(|other| other != first)) {
        return Err(Flaw::new(
            MoneyRule::Ambiguous,
            "The answer has two different offers in one header.",
        ));
    }
    Ok(first)
}

/// The header of version 2 beats a body of version 1.
fn x402_offer(headers: &[Field<'_>], body: &[u8]) -> Option<Offer> {
    let read = match single(headers, x402::REQUIRED_HEADER) {
        Err(flaw) => Err(flaw),
        Ok(Some(value)) => x402::Offer::from_header(value),
        Ok(None) if mentions(body, b"\"x402Version\"") => {
            x402::Offer::read(Bytes::copy_from_slice(body), x402::Carrier::Body)
        }
        Ok(None) => return None,
    };
    Some(
        read.map_or_else(
            |flaw| Offer::Broken(Rail::X402, flaw),
            |offer| Offer::X402(Box::new(offer)),
        ),
    )
}

/// Whether a body that may be JSON has this text near its beginning.
fn mentions(body: &[u8], text: &[u8]) -> bool {
    let start = &body[..body.len().min(MAX_BODY)];
    let object = start.trim_ascii_start().first().is_some_and(|c| matches!(c, b'{' | 0xEF));
    object && start.windows(text.len()).any(|window| window == text)
}

fn challenges(headers: &[Field<'_>], offers: &mut Vec<Offer>) {
    let mut l402 = Vec::new();
    let mut broken = None;
    let mut others = Vec::new();
    for line in values(headers, "www-authenticate") {
        match challenge::parse(line) {
            Ok(all) => {
                for one in all {
                    if let Some(scheme) = l402::Scheme::of(&one) {
                        l402.push(l402::Challenge::read(scheme, &one));
                    } else if one.is("Payment") {
                        let read = payment::Challenge::read(&one);
                        others.push(read.map_or_else(
                            |flaw| Offer::Broken(Rail::Mpp, flaw),
                            |c| Offer::Payment(Box::new(c)),
                        ));
                    }
                }
            }
            // Which rail it would have been is told by the words in it; a line of other schemes is nobody's loss.
            Err(flaw) => match broken_rail(line) {
                Some(Rail::L402) => l402.push(Err(flaw)),
                Some(rail) => others.push(Offer::Broken(rail, flaw)),
                None => broken = Some(flaw),
            },
        }
    }
    match l402.into_iter().collect::<Result<Vec<_>, _>>().and_then(l402::Challenge::unite) {
        Ok(None) => {}
        Ok(Some(challenge)) => offers.push(Offer::L402(challenge)),
        Err(flaw) => offers.push(Offer::Broken(Rail::L402, flaw)),
    }
    if others.len() > MAX_ACCEPTS {
        let flaw = Flaw::new(MoneyRule::TooLarge, "There are more challenges than are read.");
        others = vec![Offer::Broken(Rail::Mpp, flaw)];
    }
    offers.append(&mut others);
    if let (true, Some(flaw)) = (offers.is_empty(), broken) {
        offers.push(Offer::Broken(Rail::L402, flaw));
    }
}

fn broken_rail(line: &[u8]) -> Option<Rail> {
    let start = line[..line.len().min(MAX_HEADER)].to_ascii_lowercase();
    let has = |word: &[u8]| start.windows(word.len()).any(|window| window == word);
    if has(b"l402") || has(b"lsat") {
        Some(Rail::L402)
    } else if has(b"payment") {
        Some(Rail::Mpp)
    } else {
        None
    }
}

fn cashu_offer(headers: &[Field<'_>]) -> Option<Offer> {
    let read = match single(headers, cashu::HEADER) {
        Err(flaw) => Err(flaw),
        Ok(value) => cashu::Request::read(value?),
    };
    Some(read.map_or_else(|flaw| Offer::Broken(Rail::Cashu, flaw), Offer::Cashu))
}

/// Signs of a dialect that is not spoken. Nothing is guessed from them: they only tell a demand from a plain error.
fn asks_in_another_way(headers: &[Field<'_>], body: &[u8]) -> bool {
    const SIGN_IN: [&str; 5] = ["basic", "bearer", "digest", "negotiate", "dpop"];
    const FIELDS: [&str; 5] = ["payment", "402", "lsat", "invoice", "lnurl"];
    const MEMBERS: [&[u8]; 5] = [
        b"\"accepts\"",
        b"\"invoice\"",
        b"\"paymentRequest\"",
        b"\"payment_request\"",
        b"\"bolt11\"",
    ];
    let field = headers.iter().any(|(name, _)| {
        let name = name.to_ascii_lowercase();
        FIELDS.iter().any(|word| name.contains(word))
    });
    let scheme = values(headers, "www-authenticate")
        .filter_map(|line| challenge::parse(line).ok())
        .flatten();
    let scheme = scheme.map(|challenge| challenge.scheme.to_ascii_lowercase());
    let mut unknown = scheme.filter(|scheme| !SIGN_IN.contains(&scheme.as_str()));
    field || unknown.next().is_some() || MEMBERS.iter().any(|member| mentions(body, member))
}
