//! Paying as the gate does, with everything on: rules, budgets, pins, books, audit log, proofs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use approvals::{Binding, Bounds, Desk};
use egress::{Client, Credential, EgressError, Outgoing, Whole};
use http::StatusCode;
use journal::{Journal, Options};
use ledger::{Budget, Unit, Window};
use model::money::{Asset, Rail as Money};
use model::{NoVault, PrincipalId, SourceName, Template, TenantId};
use pay::chain::Chain;
use pay::lightning::{Lightning, TIME_LIMIT};
use pay::x402::{Settings, X402};
use pay::{Asking, Broken, Carrier, Drivers, Errand, Parts, Payer, Proofs, Request, Sending};
use spend::{AssetRow, Listed, Pin, Policy, Price, Scheme, Target, Thresholds};
use store::{IntegrityKey, SqliteStore};
use treasury::{LedgerKey, Treasury};
use url::Url;

use crate::Outcome;
use crate::bare::Rail;
use crate::market::{Market, options, request};

const NETWORK: &str = "eip155:84532";
const TOOL: &str = "shop__weather";

/// A payer in a temporary folder, and the sellers it may pay.
pub(crate) struct Engine {
    payer: Payer,
    sellers: [(Client, Url); 2],
    _dir: tempfile::TempDir,
}

/// A seller's client, as a source has one.
struct Door<'a>(&'a Client);

impl Carrier for Door<'_> {
    type Trouble = EgressError;

    async fn send(
        &self,
        request: Outgoing,
        shown: Option<&dyn Credential>,
        _: Sending,
    ) -> Result<Whole, EgressError> {
        self.0.exchange(request, shown, options()).await
    }

    fn may_have_left(trouble: &EgressError) -> bool {
        trouble.sent()
    }
}

impl Engine {
    pub(crate) fn new(market: &Market) -> Outcome<Self> {
        let dir = tempfile::tempdir()?;
        let clock = market.clock.clone();
        let audit = Options::new(dir.path().join("audit"), "bench/audit");
        let (journal, _) = Journal::open(audit, clock.clone())?;
        let key = IntegrityKey::new(&[7; 32]);
        let store = SqliteStore::open(&dir.path().join("state.db"), key, clock.clone())?;
        let desk = Desk::new(approvals::Parts {
            store: Arc::new(store),
            journal: Some(journal.clone()),
            clock: clock.clone(),
            bounds: Bounds::default(),
            page: None,
        });
        let usdc = Asset::erc20(market.token.chain_id, market.token.address.as_bytes());
        let key = LedgerKey::new(&[7; 32])?;
        let books = dir.path().join("ledger.db");
        let treasury = Treasury::open(&books, key, budgets(&usdc), clock.clone())?;
        let chain = Chain {
            id: market.token.chain_id,
            endpoints: vec![market.chain.clone()],
            quorum: 0,
            // The chain of the market makes a block for each transaction and none besides.
            confirmations: 1,
        };
        let evm = X402::new(Settings {
            chains: BTreeMap::from([(NETWORK.to_owned(), chain)]),
            tokens: vec![market.token.clone()],
            key: Template::plain(market.key.clone()),
            secrets: Arc::new(NoVault),
            clock: clock.clone(),
            unique: Arc::new(Proofs::new(treasury.clone())),
            patience: Duration::from_secs(5),
        });
        let lightning = Lightning::new(market.lnbits.clone(), "market", clock.clone(), TIME_LIMIT);
        let payer = Payer::new(Parts {
            treasury,
            desk,
            policy: policy(market, &usdc)?,
            policy_digest: [5; 32],
            pins: pins(market)?,
            pin_nodes: false,
            drivers: Drivers {
                evm: Some(Arc::new(evm)),
                lightning: Some(Arc::new(lightning)),
                ecash: None,
                hand: None,
            },
            journal,
            clock,
        });
        let sellers = [market.x402.clone(), market.l402.clone()];
        Ok(Self { payer, sellers, _dir: dir })
    }

    /// One call for which nothing was bought before: each round is another caller's.
    pub(crate) async fn pay(&self, rail: Rail, round: usize) -> Outcome<()> {
        let (client, url) = match rail {
            Rail::X402 => &self.sellers[0],
            Rail::L402 => &self.sellers[1],
        };
        let request = request(url);
        let errand = errand(&format!("agent {round}"), &request)?;
        let done = Box::pin(self.payer.exchange(&errand, request, None, &Door(client))).await;
        let done = done.map_err(|broken| match broken {
            Broken::Refused(no) => format!("refused: {} {}", no.rule, no.message),
            Broken::Asks(asked) => format!("a person is asked: {:?}", asked.rules),
            Broken::Trouble(error, _) => error.to_string(),
        })?;
        match done.told {
            Some(told) if done.whole.status == StatusCode::OK && told.state == "settled" => Ok(()),
            told => Err(format!("{}, and the payment: {told:?}", done.whole.status).into()),
        }
    }
}

fn budgets(usdc: &Asset) -> ledger::Policy {
    let limit = |name: &str, window, unit: &Unit, limit| Budget {
        limit: Some(limit),
        ..Budget::new(name, window, unit.clone())
    };
    let usd = Unit::Symbol("USDC".to_owned(), 6);
    let sat = Unit::Asset(Asset::sat());
    let budgets = vec![
        limit("call", Window::Call, &usd, 100_000),
        limit("day", Window::Day, &usd, 1_000_000_000),
        limit("call sat", Window::Call, &sat, 1000),
        limit("day sat", Window::Day, &sat, 1_000_000),
    ];
    let token = ledger::Token { symbol: "USDC".to_owned(), decimals: 6 };
    let tokens = [(usdc.clone(), token)].into();
    ledger::Policy { budgets, tokens, ..ledger::Policy::default() }
}

fn policy(market: &Market, usdc: &Asset) -> Outcome<Policy> {
    let row = |asset, token, symbol: &str, decimals| AssetRow {
        asset,
        token,
        symbol: symbol.to_owned(),
        decimals,
        worth: None,
    };
    let sellers = [&market.x402.1, &market.l402.1];
    let origins = sellers.map(|url| Listed::parse(&url.origin().ascii_serialization()));
    Ok(Policy {
        origins: origins.into_iter().collect::<Result<_, _>>()?,
        rails: vec![Money::L402, Money::X402],
        networks: vec![NETWORK.to_owned()],
        schemes: vec![Scheme::ExactEip3009],
        assets: vec![
            row(usdc.clone(), Some(market.token.clone()), "USDC", 6),
            row(Asset::sat(), None, "sat", 0),
        ],
        reference: "USD".to_owned(),
        denied_payees: Vec::new(),
        tolerance_percent: 20,
        thresholds: Thresholds::default(),
        lightning: spend::Lightning {
            network: lightning::Network::Mainnet,
            fee_floor: 10,
            fee_basis_points: 100,
            sessions: false,
        },
        fees_in_caps: false,
        mints: Vec::new(),
        ecash: false,
        ecash_locks: false,
        opaque_tokens: Vec::new(),
        transfers: Vec::new(),
        sign_in: spend::SignIn::default(),
    })
}

/// What the sellers of the market ask is agreed to.
fn pins(market: &Market) -> Outcome<Vec<Pin>> {
    let payee = evm::Address::parse(&market.payee).map_err(|e| e.to_string())?;
    let pin = |url: &Url, payee, price: &str| -> Outcome<Pin> {
        Ok(Pin {
            origin: Target::parse(url.as_str())?.origin,
            tool: TOOL.to_owned(),
            payee,
            node: None,
            price: Some(Price::parse(price, "USD")?),
            advertised: None,
        })
    };
    Ok(vec![pin(&market.x402.1, Some(payee), "0.01 USDC")?, pin(&market.l402.1, None, "10 sat")?])
}

fn errand(principal: &str, request: &Outgoing) -> Outcome<Errand> {
    let binding = Binding {
        tenant: TenantId::new("bench"),
        principal: PrincipalId::new(principal),
        session: String::new(),
        method: "tools/call".to_owned(),
        source: SourceName::new("shop").map_err(|e| e.to_string())?,
        tool: TOOL.to_owned(),
        definition: String::new(),
        arguments: [1; 32],
        terms: None,
        policy: [9; 32],
    };
    Ok(Errand {
        tenant: "bench".to_owned(),
        principal: principal.to_owned(),
        session: None,
        source: "shop".to_owned(),
        tool: TOOL.to_owned(),
        request: Request::http(request),
        asking: Asking {
            binding,
            credential: model::Credential::None,
            arguments: "{}".to_owned(),
            named: None,
        },
        key: None,
        correlation: None,
    })
}
