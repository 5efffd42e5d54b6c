use std::time::Duration;

use evm::rpc::{self, At};
use evm::{Call, Refused, Token};
use model::money::MoneyRule;

use super::node::Silence;
use super::{Chain, Node};

/// What is wrong with a token on its chain, in words for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The rule that payments in it are refused by; `None` where a node only did not say.
    pub rule: Option<MoneyRule>,
    /// One sentence, with the name of the node.
    pub why: String,
}

impl Problem {
    /// Whether the token may not be paid with until the table or the node is put right.
    pub const fn disables(&self) -> bool {
        self.rule.is_some()
    }
}

impl Chain {
    /// Holds what each node says of a token against the table: the number of the chain, `DOMAIN_SEPARATOR()`, `decimals()`.
    /// A contradiction weighs more than a node that says nothing.
    pub async fn check(&self, token: &Token, wait: Duration) -> Option<Problem> {
        let mut silent = None;
        for node in self.nodes(wait) {
            match check(&node, token).await {
                Ok(Ok(())) => {}
                Ok(Err(refused)) => {
                    let why =
                        format!("{} says something else of the token: {refused}", node.name());
                    return Some(Problem { rule: Some(super::rule_of(refused)), why });
                }
                Err(silence) => {
                    let why = format!("{}: {silence}", node.name());
                    silent = Some(Problem { rule: None, why });
                }
            }
        }
        silent
    }
}

async fn check(node: &Node<'_>, token: &Token) -> Result<Result<(), Refused>, Silence> {
    let chain = node.chain_id().await?;
    if chain != token.chain_id {
        return Ok(Err(Refused::Network));
    }
    let (separator, decimals) =
        (Call::domain_separator(token.address), Call::decimals(token.address));
    let (separator, decimals) =
        tokio::join!(node.call(&separator, At::Latest), node.call(&decimals, At::Latest));
    let separator = rpc::read_bytes32(&separator?)?;
    let decimals = rpc::read_decimals(&decimals?)?;
    Ok(token.check_chain(chain, separator, decimals))
}
