//! The base state of the cases, as far as Lightning needs it.

use ::lightning::Invoice;
use model::money::{Amount, Asset, Rail, Terms};
use spend::{Choice, Entry, Plan};

use super::*;
use crate::errand::{Asking, Errand, Request};

pub(super) const T0: u64 = 1_740_672_100_000;
pub(super) const MAC: &str = "AgEEbHNhdAJCAAByzW6EIsQH+20JhpDxEwt97X7C9/Xh0wvZ1SHwFTY3k0JCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCAAISc2VydmljZXM9d2VhdGhlcjowAAAGIJdrVCVZITmZWLFJk8sYTuevLL2sM2dLy5B79kRKCAij";
pub(super) const INV10: &str = "lnbc100n1pnuprqqsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5wtxkappzcsrlkmgfs6g0zyct0hkhashh7hsaxz7e65slq9fkx7fsdqvwajkzargv4eqxqrrss9qrsgqdjgeastsujylltl34jf25h5kdp2ylegjz6gmeku98a0svayezxjja5ysgwp0zq8pfx6yx20s02snprs4hhk8pwly3wpuh6equam3lucqfkvntm";
pub(super) const ODD: &str = "lnbc19990p1pnuprqqsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5wtxkappzcsrlkmgfs6g0zyct0hkhashh7hsaxz7e65slq9fkx7fsdqvwajkzargv4eqxqrrss9qrsgqzmyshugl3vnllph458lq969dzn6e4fe8wexlhp0z008kez7wwzzhax433mddckdakszhc0z37jkt7gpw2vlsmse5t3rytt8gn8g9rvcq55dnq3";
pub(super) const H1: &str = "72cd6e8422c407fb6d098690f1130b7ded7ec2f7f5e1d30bd9d521f015363793";
/// The challenge of MPC-14; MPC-08 and MPC-09 are the same with `opaque` and `digest`.
pub(super) const MPP: &str = r#"Payment id="pcVg4m4pNVyCiGTDccUkoLutbQ_uvGz6dJIt9xHl-Uo", realm="api.example.com", method="lightning", intent="charge", request="eyJhbW91bnQiOiIxMCIsImN1cnJlbmN5Ijoic2F0IiwibWV0aG9kRGV0YWlscyI6eyJpbnZvaWNlIjoibG5iYzEwMG4xcG51cHJxcXNwNXp5ZzN6eWczenlnM3p5ZzN6eWczenlnM3p5ZzN6eWczenlnM3p5ZzN6eWczenlnM3p5Z3NwcDV3dHhrYXBwemNzcmxrbWdmczZnMHp5Y3QwaGtoYXNoaDdoc2F4ejdlNjVzbHE5Zmt4N2ZzZHF2d2Fqa3phcmd2NGVxeHFycnNzOXFyc2dxZGpnZWFzdHN1anlsbHRsMzRqZjI1aDVrZHAyeWxlZ2p6NmdtZWt1OThhMHN2YXllenhqamE1eXNnd3AwenE4cGZ4Nnl4MjBzMDJzbnByczRoaGs4cHdseTN3cHVoNmVxdWFtM2x1Y3Fma3ZudG0iLCJuZXR3b3JrIjoibWFpbm5ldCIsInBheW1lbnRIYXNoIjoiNzJjZDZlODQyMmM0MDdmYjZkMDk4NjkwZjExMzBiN2RlZDdlYzJmN2Y1ZTFkMzBiZDlkNTIxZjAxNTM2Mzc5MyJ9fQ", expires="2025-02-27T16:06:40Z""#;

pub(super) fn right() -> String {
    "01".repeat(32)
}

pub(super) fn l402(name: &str, token: &str, invoice: &str) -> Offer {
    offer(&format!(r#"{name} version="0", token="{token}", invoice="{invoice}""#))
}

/// The one offer of a `WWW-Authenticate` line.
pub(super) fn offer(line: &str) -> Offer {
    match rails::answer(402, &[("www-authenticate", line.as_bytes())], b"") {
        rails::Demand::Offers(mut offers) if offers.len() == 1 => offers.remove(0),
        other => panic!("{other:?}"),
    }
}

pub(super) fn terms(rail: Rail, invoice: &Invoice) -> Terms {
    Terms {
        rail,
        scheme: "lightning".into(),
        network: "lightning:mainnet".into(),
        amount: Amount::new(Asset::sat(), invoice.sat_ceil().unwrap().into()),
        fee_limit: 10,
        payee: invoice.payee().to_string(),
        origin: "https://api.example.com".into(),
        resource: "GET https://api.example.com/weather".into(),
        expires: None,
    }
}

pub(super) fn job(offer: Offer, invoice: &str) -> Job {
    let invoice = Invoice::parse(invoice).unwrap();
    let terms = terms(offer.rail().unwrap(), &invoice);
    let choice = Choice {
        terms,
        entry: Entry { offer: 0, index: 0 },
        plan: Plan::Lightning { invoice },
        approvers: 1,
        flags: Vec::new(),
        spare: Vec::new(),
    };
    Job { id: "0".repeat(32), errand: errand(), choice, offer, now: Timestamp(T0) }
}

fn errand() -> Errand {
    let asking = Asking {
        binding: approvals::Binding {
            tenant: model::TenantId::new("t"),
            principal: model::PrincipalId::new("a1"),
            session: "s1".into(),
            method: "tools/call".into(),
            source: model::SourceName::new("shop").unwrap(),
            tool: "weather".into(),
            definition: String::new(),
            arguments: [0; 32],
            terms: None,
            policy: [0; 32],
        },
        credential: model::Credential::None,
        arguments: "{}".into(),
        named: None,
    };
    Errand {
        tenant: "t".into(),
        principal: "a1".into(),
        session: Some("s1".into()),
        source: "shop".into(),
        tool: "weather".into(),
        request: Request::Http {
            method: "GET".into(),
            url: "https://api.example.com/weather".parse().unwrap(),
            body: [0; 32],
            bytes: bytes::Bytes::new(),
        },
        asking,
        key: None,
        correlation: None,
    }
}

/// The payment in the books.
pub(super) fn open(job: &Job, state: ledger::State) -> Open {
    Open {
        id: ledger::PaymentId::new([0; 16]),
        owner: "o".into(),
        intent: ledger::Intent {
            tenant: model::TenantId::new("t"),
            agent: model::PrincipalId::new("a1"),
            session: "s1".into(),
            source: "shop".into(),
            tool: "weather".into(),
            terms: job.terms().clone(),
            request: [0; 32],
            key: None,
            concerns: Vec::new(),
        },
        holds: 10,
        since: Timestamp(T0),
        changed: Timestamp(T0),
        state,
        signed: true,
        sent: true,
        mark: Some(format!("ln:{H1}")),
        paid: 10,
        fee: 1,
        proof: Some(H1.to_owned()),
        flags: Vec::new(),
        soft: Vec::new(),
    }
}
