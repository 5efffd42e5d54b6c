use serde_json::{Value, json};

/// What a wallet is asked (NIP-47).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Pay an invoice; the amount in millisatoshi only where the invoice has none.
    PayInvoice(String, Option<u64>),
    /// What became of the invoice with that payment hash, in hexadecimal.
    LookupInvoice(String),
    /// How much there is.
    GetBalance,
    /// Make an invoice: millisatoshi, what for, and how many seconds it holds.
    MakeInvoice(u64, String, u64),
    /// Outgoing payments from one second since 1970 to another, at most so many.
    ListTransactions(u64, u64, u32),
    /// What the wallet is.
    GetInfo,
}

impl Request {
    /// The name of the method.
    pub const fn method(&self) -> &'static str {
        match self {
            Self::PayInvoice(..) => "pay_invoice",
            Self::LookupInvoice(_) => "lookup_invoice",
            Self::GetBalance => "get_balance",
            Self::MakeInvoice(..) => "make_invoice",
            Self::ListTransactions(..) => "list_transactions",
            Self::GetInfo => "get_info",
        }
    }

    /// As JSON, to be sealed.
    pub fn to_json(&self) -> String {
        let params: Value = match self {
            Self::PayInvoice(invoice, None) => json!({ "invoice": invoice }),
            Self::PayInvoice(invoice, Some(msat)) => json!({ "invoice": invoice, "amount": msat }),
            Self::LookupInvoice(hash) => json!({ "payment_hash": hash }),
            Self::GetBalance | Self::GetInfo => json!({}),
            Self::MakeInvoice(msat, description, expiry) => {
                json!({ "amount": msat, "description": description, "expiry": expiry })
            }
            Self::ListTransactions(from, until, limit) => {
                json!({ "from": from, "until": until, "limit": limit, "type": "outgoing" })
            }
        };
        json!({ "method": self.method(), "params": params }).to_string()
    }
}
