use bytes::Bytes;
use model::Effect;
use serde_json::{Value, json};

/// The tools of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// What a request would cost, and whether it would be paid. Cannot pay.
    Preview,
    /// A request that is paid for where that is asked and allowed.
    Fetch,
    /// What became of the caller's payments.
    Status,
    /// What the caller has bought that still serves.
    Credentials,
    /// Ends a session, so that the seller pays back what is left of its deposit.
    Close,
    /// What the caller has spent, and what is held.
    Balance,
    /// What the budgets leave the caller.
    Budgets,
    /// Credit at a seller that sells it beforehand.
    BuyCredits,
    /// Credit at a seller that takes ecash for it beforehand.
    Redeem,
    /// Services that announce themselves.
    Search,
}

/// What each tool does to the world. Part of the program, like the tools themselves: neither an operator nor an agent sets it.
pub const EFFECTS: [(&str, Effect); 10] = [
    ("payment_preview", Effect::Read),
    ("paid_fetch", Effect::Spend),
    ("payment_status", Effect::Read),
    ("credentials_list", Effect::Read),
    ("close_session", Effect::Write),
    ("balance", Effect::Read),
    ("budget_status", Effect::Read),
    ("buy_credits", Effect::Spend),
    ("redeem_token", Effect::Spend),
    ("service_search", Effect::Read),
];

impl Tool {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 10] = [
        Self::Preview,
        Self::Fetch,
        Self::Status,
        Self::Credentials,
        Self::Close,
        Self::Balance,
        Self::Budgets,
        Self::BuyCredits,
        Self::Redeem,
        Self::Search,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Preview => "payment_preview",
            Self::Fetch => "paid_fetch",
            Self::Status => "payment_status",
            Self::Credentials => "credentials_list",
            Self::Close => "close_session",
            Self::Balance => "balance",
            Self::Budgets => "budget_status",
            Self::BuyCredits => "buy_credits",
            Self::Redeem => "redeem_token",
            Self::Search => "service_search",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    /// Whether it changes nothing anywhere.
    const fn looks(self) -> bool {
        !self.spends() && !matches!(self, Self::Close)
    }

    /// Whether it may pay.
    pub const fn spends(self) -> bool {
        matches!(self, Self::Fetch | Self::BuyCredits | Self::Redeem)
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Preview => "What would it cost?",
            Self::Fetch => "Fetch, and pay if asked",
            Self::Status => "What became of a payment?",
            Self::Credentials => "What was bought already?",
            Self::Close => "End a session at a seller",
            Self::Balance => "What was spent?",
            Self::Budgets => "What may still be spent?",
            Self::BuyCredits => "Buy credit at a seller",
            Self::Redeem => "Buy credit with ecash",
            Self::Search => "What services announce themselves?",
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Self::Preview => {
                "Says what a request to a seller would cost, whether it would be paid, by which rules, and what the budgets leave. Pays nothing. Only GET and HEAD are sent to find out."
            }
            Self::Fetch => {
                "Makes an HTTP request to a listed seller. If it asks for payment (402) and the operator's rules allow it, pays once and repeats the request. Redirects are refused. Long bodies are cut."
            }
            Self::Status => {
                "Says what became of a payment you made, by its id; without an id, of your latest ones."
            }
            Self::Credentials => {
                "Lists where something you bought still serves, so that it is not paid again. Shows no secrets."
            }
            Self::Close => {
                "Ends the session you have at a seller, by a URL that it pays for. What is left of its deposit goes back to the operator, as far as the seller pays it back."
            }
            Self::Balance => {
                "Sums up what your payments have spent, and what is held until an outcome is known."
            }
            Self::Budgets => "Says what the budgets that apply to you leave.",
            Self::BuyCredits => {
                "Buys credit at a seller that sells it beforehand over Lightning (toll-booth), for the URL you name. The same rules decide as for any payment."
            }
            Self::Redeem => {
                "Pays a seller that gives credit for ecash beforehand (toll-booth) with ecash of the operator's, for the URL you name. The same rules decide as for any payment. You bring no token."
            }
            Self::Search => {
                "Searches for paid services that announce themselves on the operator's Nostr relays. What they say of themselves is a stranger's word; being found allows nothing. Pays nothing."
            }
        }
    }

    fn input(self) -> Value {
        let (properties, required): (Value, &[&str]) = match self {
            Self::Preview | Self::Close => (request(false), &["url"]),
            Self::Fetch => (request(true), &["url"]),
            Self::Status => (json!({ "id": text("The id of a payment", 64) }), &[]),
            Self::Credentials | Self::Balance | Self::Budgets => (json!({}), &[]),
            Self::Redeem => (
                json!({
                    "url": text("What the credit is for: a URL of the seller", 8192),
                    "amountSats": {
                        "type": "integer", "minimum": 1,
                        "description": "How much to pay, in satoshi"
                    },
                    "idempotencyKey": text("Equal keys, one payment", 128),
                }),
                &["url", "amountSats"],
            ),
            Self::BuyCredits => (
                json!({
                    "url": text("What the credit is for: a URL of the seller", 8192),
                    "amountSats": {
                        "type": "integer", "minimum": 1,
                        "description": "How much to buy, in satoshi; without it, what the seller sells"
                    },
                    "idempotencyKey": text("Equal keys, one payment", 128),
                }),
                &["url"],
            ),
            Self::Search => (
                json!({
                    "topic": text("A topic, in lower case", 200),
                    "words": text("Words that all must stand in what a service says of itself", 200),
                    "limit": { "type": "integer", "minimum": 1, "maximum": 20, "description": "How many to show (10)" },
                }),
                &[],
            ),
        };
        json!({
            "type": "object", "properties": properties, "required": required,
            "additionalProperties": false,
        })
    }

    fn output(self) -> Value {
        let any = |names: &[&str]| {
            let each = names.iter().map(|name| ((*name).to_owned(), json!({})));
            let properties: serde_json::Map<String, Value> = each.collect();
            json!({ "type": "object", "properties": properties, "required": names })
        };
        match self {
            Self::Preview => any(&["verdict", "rules", "reason", "terms", "budgets"]),
            Self::Fetch => any(&["status", "headers", "body", "encoding", "truncated", "payment"]),
            Self::Status => any(&["payments"]),
            Self::Credentials => any(&["credentials"]),
            Self::Close => any(&["closed", "sellerSays"]),
            Self::Balance => any(&["spent", "held"]),
            Self::Budgets => any(&["budgets", "paused"]),
            Self::BuyCredits | Self::Redeem => any(&["payment", "paid", "url", "kept"]),
            Self::Search => any(&["services", "more", "relays"]),
        }
    }

    fn definition(self) -> Value {
        json!({
            "name": self.name(),
            "title": self.title(),
            "description": self.description(),
            "inputSchema": self.input(),
            "outputSchema": self.output(),
            "annotations": {
                "title": self.title(),
                "readOnlyHint": self.looks(),
                "destructiveHint": self.spends(),
                "idempotentHint": !self.spends(),
                "openWorldHint": !self.looks() || matches!(self, Self::Preview | Self::Search),
            },
        })
    }
}

/// The definitions as one raw array, in the words of the modern era; those that search only where there is anywhere to look,
/// and those about sessions only where any are opened.
pub(crate) fn list(searches: bool, sessions: bool) -> Bytes {
    let shown = Tool::ALL.into_iter().filter(|tool| match tool {
        Tool::Search => searches,
        Tool::Close => sessions,
        _ => true,
    });
    Value::Array(shown.map(Tool::definition).collect()).to_string().into()
}

fn text(what: &str, most: usize) -> Value {
    json!({ "type": "string", "maxLength": most, "description": what })
}

fn request(pays: bool) -> Value {
    let mut properties = json!({
        "url": text("Where to: https, at a listed seller", 8192),
        "method": {
            "type": "string", "description": "GET if it is left out",
            "enum": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
        },
        "headers": {
            "type": "object", "maxProperties": 32, "additionalProperties": { "type": "string" },
            "description": "Header fields; none that pay or sign in"
        },
        "body": text("The body of the request", 1_000_000),
    });
    if pays {
        properties["idempotencyKey"] = text("Equal keys, one payment", 128);
    }
    properties
}

#[cfg(test)]
mod tests {
    use super::*;

    // FRN-02, FRN-03: what agents are given has no way to an approval, a policy, a budget or a pin.
    #[test]
    fn every_tool_has_an_effect_and_none_but_those_that_pay_or_end_what_was_paid_changes_anything()
    {
        let names: Vec<&str> = Tool::ALL.map(Tool::name).into();
        assert_eq!(names, EFFECTS.map(|(name, _)| name));
        for (name, effect) in EFFECTS {
            let tool = Tool::named(name).unwrap();
            assert_eq!(tool.spends(), effect == Effect::Spend, "{name}");
            let reads = matches!(effect, Effect::Read);
            assert_eq!(tool.looks(), reads, "{name}");
            assert!(tool.spends() || reads || tool == Tool::Close, "{name}");
        }
        assert_eq!(Tool::named("approve"), None);
    }

    #[test]
    fn every_definition_says_what_goes_in_and_what_comes_out() {
        let list: Value = serde_json::from_slice(&list(true, true)).unwrap();
        assert_eq!(list.as_array().unwrap().len(), Tool::ALL.len());
        for tool in list.as_array().unwrap() {
            assert_eq!(tool["inputSchema"]["additionalProperties"], false, "{}", tool["name"]);
            assert_eq!(tool["outputSchema"]["type"], "object");
            let description = tool["description"].as_str().unwrap();
            assert!(description.len() < 240, "{description}");
        }
    }
}
