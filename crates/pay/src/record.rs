use audit::{Kind, Outcome, Record, Text};
use model::money::{Flag, MoneyRule, Terms};
use model::{PrincipalId, SourceName, TenantId, Timestamp};

use crate::errand::Errand;
use crate::payer::Inner;

/// What one record says of a payment.
pub(crate) struct Entry<'a> {
    pub(crate) id: &'a str,
    pub(crate) state: &'static str,
    pub(crate) rules: Vec<MoneyRule>,
    pub(crate) flags: Vec<Flag>,
    pub(crate) terms: &'a Terms,
    /// The fee, or what it may be at most while it is not known.
    pub(crate) fee: u128,
    pub(crate) approval: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) receipt: Option<String>,
}

impl<'a> Entry<'a> {
    pub(crate) fn new(id: &'a str, state: &'static str, terms: &'a Terms) -> Self {
        let (rules, flags) = (Vec::new(), Vec::new());
        let fee = terms.fee_limit;
        Self { id, state, rules, flags, terms, fee, approval: None, nonce: None, receipt: None }
    }
}

/// Who the payment is for, as far as it is known: of a payment that outlived its call the books know.
pub(crate) struct Who<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) principal: &'a str,
    pub(crate) session: Option<&'a str>,
    pub(crate) source: &'a str,
    pub(crate) tool: &'a str,
    pub(crate) correlation: Option<&'a str>,
}

impl<'a> From<&'a Errand> for Who<'a> {
    fn from(errand: &'a Errand) -> Self {
        Self {
            tenant: &errand.tenant,
            principal: &errand.principal,
            session: errand.session.as_deref(),
            source: &errand.source,
            tool: &errand.tool,
            correlation: errand.correlation.as_deref(),
        }
    }
}

impl<'a> From<&'a ledger::Intent> for Who<'a> {
    fn from(intent: &'a ledger::Intent) -> Self {
        Self {
            tenant: intent.tenant.as_str(),
            principal: intent.agent.as_str(),
            session: (!intent.session.is_empty()).then_some(intent.session.as_str()),
            source: &intent.source,
            tool: &intent.tool,
            correlation: None,
        }
    }
}

impl Inner {
    /// Makes a record durable. Without one nothing is signed.
    pub(crate) async fn record(&self, who: Who<'_>, entry: Entry<'_>) -> Result<(), String> {
        let text = |text: &str| Text::from(text.to_owned());
        let mut record = self.begun(Kind::Payment, &who);
        record.rule = entry.rules.first().map(|rule| Text::from(rule.as_str()));
        record.verdict = Some(match entry.state {
            "denied" => "deny",
            "asked" => "ask",
            _ => "allow",
        });
        record.outcome = Some(match entry.state {
            "denied" => Outcome::Refused,
            "asked" => Outcome::InputRequired,
            "held" | "released" => Outcome::Failed,
            _ => Outcome::Ok,
        });
        let terms = entry.terms;
        record.payment = Some(Box::new(audit::Payment {
            id: text(entry.id),
            rail: terms.rail,
            scheme: text(&terms.scheme),
            network: text(&terms.network),
            origin: text(&terms.origin),
            resource: Text::from(scrubbed(&terms.resource)),
            payee: text(&terms.payee),
            asset: text(terms.asset().as_str()),
            amount: terms.amount.minor,
            fee: entry.fee,
            state: entry.state,
            rules: entry.rules,
            flags: entry.flags,
            approval: entry.approval.map(Text::from),
            nonce: entry.nonce.map(Text::from),
            receipt: entry.receipt.map(Text::from),
            policy: Some(self.policy_digest),
            also_signed: None,
        }));
        record.ledger = self.treasury.place().map(Text::from);
        self.journal.append(record).await.map(drop).map_err(|e| e.to_string())
    }

    /// The same, where nothing hangs on it any more: a failure is for the operator's log.
    pub(crate) async fn note(&self, who: Who<'_>, entry: Entry<'_>) {
        let id = entry.id.to_owned();
        if let Err(error) = self.record(who, entry).await {
            tracing::error!(payment = %id, "a record of a payment could not be made durable: {error}");
        }
    }

    /// A record of a kind, about somebody.
    pub(crate) fn begun(&self, kind: Kind, who: &Who<'_>) -> Record {
        let text = |text: &str| Text::from(text.to_owned());
        let mut record = Record::new(kind, Timestamp(self.clock.now_millis()));
        record.tenant = Some(TenantId::new(who.tenant));
        record.principal = Some(PrincipalId::new(who.principal));
        record.session = who.session.map(text);
        record.source = SourceName::new(who.source).ok();
        record.tool = Some(text(who.tool));
        record.request_id = who.correlation.map(text);
        record
    }
}

/// What is paid for, without what may be personal: queries are gone from it already, mail addresses go here.
fn scrubbed(resource: &str) -> String {
    let word =
        |word: &str| if word.contains('@') { "[withheld]".to_owned() } else { word.to_owned() };
    resource.split('/').map(word).collect::<Vec<_>>().join("/")
}
