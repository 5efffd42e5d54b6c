use std::cell::RefCell;
use std::collections::HashMap;

use ledger::{Intent, Judgement};
use model::money::{MoneyRule, Terms};
use model::{PrincipalId, TenantId, Timestamp};
use rails::Demand;
use spend::{Caps, Known, Paused, Pin, Pins, Price, Room, Situation, Spend, Verdict};

use crate::demand::Asking;
use crate::errand::{Answer, Errand, Refused};
use crate::facts::Facts;
use crate::payer::{Inner, ledger_is_away};

/// What is to be done about a demand: the rules, with what is pinned, paused and spent as the books have it now.
pub(crate) async fn judge(
    inner: &Inner,
    errand: &Errand,
    answer: &Answer,
    demand: &Demand,
) -> Result<Verdict, Refused> {
    if matches!(demand, Demand::None) {
        return Ok(Verdict::Pass);
    }
    let asking = Asking::of(errand, answer);
    let request = asking.request(errand);
    let situation = situation(inner, errand, &request).await?;
    // The judge wants to know of every way to pay how it stands with the budgets; the books say so all at once.
    let asked = Budgets::default();
    let first = spend::judge(demand, &request, &situation, &asked);
    let wanted = asked.wanted.into_inner();
    if wanted.is_empty() {
        return Ok(first);
    }
    let intents = wanted.iter().map(|terms| intent(errand, terms.clone(), Vec::new())).collect();
    let judged = inner.treasury.judge(intents).await.map_err(|e| ledger_is_away(&e))?;
    let known = wanted.iter().map(Terms::canonical).zip(judged.iter().map(room)).collect();
    let answers = Budgets { wanted: RefCell::default(), known };
    Ok(spend::judge(demand, &request, &situation, &answers))
}

async fn situation(
    inner: &Inner,
    errand: &Errand,
    request: &spend::Request<'_>,
) -> Result<Situation, Refused> {
    let mut known = Known { now: Timestamp(inner.clock.now_millis()), ..Known::default() };
    for driver in inner.drivers.all() {
        let Facts { wallets, disabled, wrong_chains, purses } = driver.facts().await;
        known.wallets.extend(wallets);
        known.disabled.extend(disabled);
        known.wrong_chains.extend(wrong_chains);
        known.purses.extend(purses);
    }
    let stops = inner.treasury.stops().await.map_err(|e| ledger_is_away(&e))?;
    known.paused = Paused(stops.iter().map(ToString::to_string).collect());
    known.pins = pins(inner, errand, request).await?;
    Ok(Situation { policy: inner.policy.clone(), known })
}

/// What is pinned for this tool at this origin: by a person, else by the operator's file.
async fn pins(
    inner: &Inner,
    errand: &Errand,
    request: &spend::Request<'_>,
) -> Result<Pins, Refused> {
    let Ok(target) = spend::Target::parse(request.url) else { return Ok(Pins::default()) };
    let origin = target.origin;
    // Operators name tools as agents see them; the judge knows a tool of a server by the server's own name.
    let of = |pin: &&Pin| pin.origin == origin && pin.tool == errand.tool;
    let own = |pin: &Pin| Pin { tool: request.tool.to_owned(), ..pin.clone() };
    let mut pin = inner.pins.iter().find(of).map_or_else(
        || Pin {
            origin: origin.clone(),
            tool: request.tool.to_owned(),
            payee: None,
            node: None,
            price: None,
            advertised: None,
        },
        own,
    );
    let key = (origin.to_string(), errand.tool.clone());
    let kept = inner.treasury.pin(key.0, key.1).await.map_err(|e| ledger_is_away(&e))?;
    if let Some(kept) = kept {
        pin.payee = spend::Address::parse(&kept.payee).ok().or(pin.payee);
        pin.node =
            lightning::NodeId::from_hex(&kept.payee).filter(|_| inner.pins_nodes()).or(pin.node);
        pin.price = kept.price.and_then(|price| in_its_unit(inner, &price)).or(pin.price);
    }
    Ok(Pins(vec![pin]))
}

/// An amount as the judge compares prices: in the symbol of its asset.
fn in_its_unit(inner: &Inner, amount: &model::money::Amount) -> Option<Price> {
    let row = inner.policy.assets.iter().find(|row| row.asset == amount.asset)?;
    let number = model::money::Amount::decimal(amount.minor, row.decimals);
    Price::parse(&number, &row.symbol).ok()
}

/// The intent of an errand on these terms.
pub(crate) fn intent(errand: &Errand, terms: Terms, concerns: Vec<MoneyRule>) -> Intent {
    Intent {
        tenant: TenantId::new(&errand.tenant),
        agent: PrincipalId::new(&errand.principal),
        session: errand.session.clone().unwrap_or_default(),
        source: errand.source.clone(),
        tool: errand.tool.clone(),
        request: errand.request_digest(),
        key: errand.key.clone(),
        terms,
        concerns,
    }
}

/// The budgets, as far as the books have said. What they have not been asked yet is noted, and let through.
#[derive(Default)]
struct Budgets {
    wanted: RefCell<Vec<Terms>>,
    known: HashMap<String, Room>,
}

impl Caps for Budgets {
    fn room(&self, spend: &Spend<'_>) -> Room {
        if let Some(room) = self.known.get(&spend.terms.canonical()) {
            return room.clone();
        }
        self.wanted.borrow_mut().push(spend.terms.clone());
        Room::Enough { soft: false }
    }
}

fn room(judgement: &Judgement) -> Room {
    match judgement {
        Judgement::Allow { soft, .. } => Room::Enough { soft: !soft.is_empty() },
        Judgement::Ask { rules, .. } => {
            let why =
                |rule: &MoneyRule| spend::Reason::new(*rule, "A budget wants a person asked.");
            Room::Asks(rules.iter().map(why).collect())
        }
        // Told apart when it is reserved: the payment that the key names is the answer.
        Judgement::Same(_) => Room::Enough { soft: false },
        // An equal request may be the one that a person was asked about: it is told apart by its yes, or refused when it
        // is reserved.
        Judgement::Deny(refusal) if refusal.rule == MoneyRule::InFlight => {
            Room::Enough { soft: false }
        }
        Judgement::Deny(refusal) => Room::None(refusal.rule, crate::payer::in_words(refusal)),
    }
}
