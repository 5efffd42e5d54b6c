use serde_json::{Value, json};

use crate::{Address, Bytes32, Call, hex};

/// As of which block a question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The newest block, which may yet be replaced.
    Latest,
    /// The newest block that no reorganisation replaces.
    Finalized,
    /// The block with this number.
    Number(u64),
}

impl At {
    fn tag(self) -> String {
        match self {
            Self::Latest => "latest".to_owned(),
            Self::Finalized => "finalized".to_owned(),
            Self::Number(number) => format!("{number:#x}"),
        }
    }
}

/// Which events are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFilter {
    /// The contract that noted them down.
    pub address: Address,
    /// What stands in each topic; `None` is anything.
    pub topics: Vec<Option<Bytes32>>,
    /// The first block. Nodes refuse long ranges: begin where the payment was signed.
    pub from: u64,
    /// The last block.
    pub to: At,
}

/// Asks which chain the node is on.
pub fn chain_id(id: u64) -> Value {
    request(id, "eth_chainId", &json!([]))
}

/// Asks a contract something that changes nothing.
pub fn call(id: u64, call: &Call, at: At) -> Value {
    let what = json!({"to": hex::encode(call.to.as_bytes()), "data": hex::encode(&call.data)});
    request(id, "eth_call", &json!([what, at.tag()]))
}

/// Asks what became of a transaction.
pub fn receipt(id: u64, transaction: Bytes32) -> Value {
    request(id, "eth_getTransactionReceipt", &json!([transaction.to_string()]))
}

/// Asks for a block, without its transactions.
pub fn block(id: u64, at: At) -> Value {
    request(id, "eth_getBlockByNumber", &json!([at.tag(), false]))
}

/// Asks for events.
pub fn logs(id: u64, filter: &LogFilter) -> Value {
    let topics: Vec<_> =
        filter.topics.iter().map(|topic| topic.map(|topic| topic.to_string())).collect();
    let what = json!({
        "address": hex::encode(filter.address.as_bytes()),
        "topics": topics,
        "fromBlock": At::Number(filter.from).tag(),
        "toBlock": filter.to.tag(),
    });
    request(id, "eth_getLogs", &json!([what]))
}

fn request(id: u64, method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::{payee, usdc};

    #[test]
    fn questions_are_as_nodes_read_them() {
        let token = usdc().address;
        assert_eq!(
            chain_id(1),
            json!({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []})
        );
        assert_eq!(block(2, At::Finalized)["params"], json!(["finalized", false]));
        assert_eq!(block(2, At::Number(0))["params"], json!(["0x0", false]));
        let hash = Bytes32::new([0xab; 32]);
        assert_eq!(receipt(3, hash)["params"], json!([format!("0x{}", "ab".repeat(32))]));
        let asked = call(4, &Call::decimals(token), At::Latest);
        let to = "0x036cbd53842c5426634e7929541ec2318f3dcf7e";
        assert_eq!(asked["params"], json!([{"to": to, "data": "0x313ce567"}, "latest"]));
        let filter = LogFilter {
            address: token,
            topics: vec![Some(hash), None, Some(crate::abi::word_of(payee()))],
            from: 255,
            to: At::Latest,
        };
        let asked = logs(5, &filter)["params"][0].clone();
        assert_eq!(asked["fromBlock"], "0xff");
        assert_eq!(asked["topics"][1], Value::Null);
        assert_eq!(
            asked["topics"][2],
            "0x000000000000000000000000209693bc6afc0c5328ba36faf03c514ef312287c"
        );
    }
}
