use serde_json::{Map, Value};

use super::quantity::{address, bytes, bytes32, list, object, u64, word};
use super::{Block, Log, Receipt, RpcError};
use crate::{Bytes32, U256};

/// The most events of an answer, and of a receipt.
const MAX_LOGS: usize = 10_000;
/// The most topics that the chain itself allows (`LOG4`).
const MAX_TOPICS: usize = 4;

/// The result in the answer to question `id`. Both a result and an error, or neither, is no answer.
pub fn result(answer: &Value, id: u64) -> Result<&Value, RpcError> {
    let answer = answer.as_object().ok_or(RpcError::NotAnAnswer)?;
    let ours = answer.get("id").and_then(Value::as_u64) == Some(id);
    if !ours || answer.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return Err(RpcError::NotAnAnswer);
    }
    match (answer.get("result"), answer.get("error")) {
        (Some(result), None) => Ok(result),
        (None, Some(error)) => match error.get("code").and_then(Value::as_i64) {
            Some(code) => Err(RpcError::Node { code }),
            None => Err(RpcError::NotAnAnswer),
        },
        _ => Err(RpcError::NotAnAnswer),
    }
}

/// `eth_chainId`.
pub fn read_chain_id(result: &Value) -> Result<u64, RpcError> {
    u64(Some(result), "chain id")
}

/// `eth_call` of a function that gives a truth: a word of 0 or 1.
pub fn read_bool(result: &Value) -> Result<bool, RpcError> {
    match read_uint(result)?.to_u64() {
        Ok(0) => Ok(false),
        Ok(1) => Ok(true),
        _ => Err(RpcError::Form("truth")),
    }
}

/// `eth_call` of a function that gives a number.
pub fn read_uint(result: &Value) -> Result<U256, RpcError> {
    word(Some(result), "word")
}

/// `eth_call` of a function that gives 32 bytes.
pub fn read_bytes32(result: &Value) -> Result<Bytes32, RpcError> {
    bytes32(Some(result), "word")
}

/// `eth_call` of `decimals()`: a number below 256.
pub fn read_decimals(result: &Value) -> Result<u8, RpcError> {
    let number = read_uint(result)?.to_u64().ok();
    number.and_then(|number| u8::try_from(number).ok()).ok_or(RpcError::Form("decimals"))
}

/// `eth_getBlockByNumber`; `None` if there is no such block.
pub fn read_block(result: &Value) -> Result<Option<Block>, RpcError> {
    if result.is_null() {
        return Ok(None);
    }
    let block = object(result, "block")?;
    let number = u64(block.get("number"), "number of a block")?;
    let timestamp = u64(block.get("timestamp"), "time of a block")?;
    Ok(Some(Block { number, timestamp }))
}

/// `eth_getTransactionReceipt` of `transaction`; `None` if the node does not know it, or it is in no block yet.
pub fn read_receipt(result: &Value, transaction: Bytes32) -> Result<Option<Receipt>, RpcError> {
    if result.is_null() {
        return Ok(None);
    }
    let receipt = object(result, "receipt")?;
    if bytes32(receipt.get("transactionHash"), "hash of a receipt")? != transaction {
        return Err(RpcError::Form("a receipt of another transaction"));
    }
    if receipt.get("blockNumber").is_some_and(Value::is_null) {
        return Ok(None);
    }
    let block = u64(receipt.get("blockNumber"), "block of a receipt")?;
    let success = match u64(receipt.get("status"), "status")? {
        0 => false,
        1 => true,
        _ => return Err(RpcError::Form("status")),
    };
    let logs = events(receipt.get("logs"))?;
    if logs.iter().any(|log| (log.transaction, log.block) != (transaction, block)) {
        return Err(RpcError::Form("an event of another transaction"));
    }
    Ok(Some(Receipt { transaction, block, success, logs }))
}

/// `eth_getLogs`.
pub fn read_logs(result: &Value) -> Result<Vec<Log>, RpcError> {
    events(Some(result))
}

fn events(value: Option<&Value>) -> Result<Vec<Log>, RpcError> {
    let list = list(value, MAX_LOGS, "events")?;
    list.iter().filter_map(|log| object(log, "event").and_then(event).transpose()).collect()
}

/// An event; `None` if it is in no block, not yet or no more.
fn event(log: &Map<String, Value>) -> Result<Option<Log>, RpcError> {
    match log.get("removed") {
        None | Some(Value::Bool(false)) => {}
        Some(Value::Bool(true)) => return Ok(None),
        Some(_) => return Err(RpcError::Form("event")),
    }
    if log.get("blockNumber").is_some_and(Value::is_null) {
        return Ok(None);
    }
    let topics = list(log.get("topics"), MAX_TOPICS, "topics")?;
    Ok(Some(Log {
        address: address(log.get("address"), "contract of an event")?,
        topics: topics
            .iter()
            .map(|topic| bytes32(Some(topic), "topic"))
            .collect::<Result<_, _>>()?,
        data: bytes(log.get("data"), "data of an event")?,
        transaction: bytes32(log.get("transactionHash"), "hash of an event")?,
        block: u64(log.get("blockNumber"), "block of an event")?,
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::vectors::payee;

    fn hash(byte: u8) -> String {
        Bytes32::new([byte; 32]).to_string()
    }

    fn log() -> Value {
        json!({
            "address": payee().to_string().to_lowercase(), "topics": [hash(7)], "data": "0x01",
            "transactionHash": hash(9), "blockNumber": "0x10", "logIndex": "0x0", "removed": false,
        })
    }

    fn receipt() -> Value {
        json!({"transactionHash": hash(9), "blockNumber": "0x10", "status": "0x1", "logs": [log()], "type": "0x2"})
    }

    fn read(receipt: &Value) -> Result<Option<Receipt>, RpcError> {
        read_receipt(receipt, Bytes32::new([9; 32]))
    }

    fn but(mut value: Value, name: &str, member: Value) -> Value {
        value[name] = member;
        value
    }

    #[test]
    fn an_answer_is_ours_and_says_one_thing() {
        let ok = json!({"jsonrpc": "2.0", "id": 7, "result": null});
        assert_eq!(result(&ok, 7), Ok(&Value::Null));
        assert_eq!(result(&ok, 8), Err(RpcError::NotAnAnswer));
        let refused = json!({"jsonrpc": "2.0", "id": 7, "error": {"code": -32000, "message": "x"}});
        assert_eq!(result(&refused, 7), Err(RpcError::Node { code: -32000 }));
        for answer in [
            json!({"jsonrpc": "2.0", "id": 7}),
            json!({"jsonrpc": "2.0", "id": 7, "result": "0x1", "error": {"code": 1}}),
            json!({"jsonrpc": "2.0", "id": "7", "result": "0x1"}),
            json!({"id": 7, "result": "0x1"}),
            json!({"jsonrpc": "2.0", "id": 7, "error": "no"}),
            json!([ok]),
            json!(null),
        ] {
            assert_eq!(result(&answer, 7), Err(RpcError::NotAnAnswer), "{answer}");
        }
    }

    #[test]
    fn quantities_are_written_in_one_way() {
        assert_eq!(read_chain_id(&json!("0x14a34")), Ok(84532));
        assert_eq!(read_chain_id(&json!("0x0")), Ok(0));
        for value in [
            json!("0x"),
            json!("0x01"),
            json!("14a34"),
            json!("0X1"),
            json!("0x+1"),
            json!(84532),
            json!(null),
            json!("0x10000000000000000"),
            json!("0xg"),
        ] {
            assert_eq!(read_chain_id(&value), Err(RpcError::Form("chain id")), "{value}");
        }
    }

    #[test]
    fn words_are_whole() {
        let word = |digits: &str| json!(format!("0x{digits:0>64}"));
        assert_eq!(read_bool(&word("1")), Ok(true));
        assert_eq!(read_bool(&word("0")), Ok(false));
        assert!(read_bool(&word("2")).is_err());
        assert_eq!(read_decimals(&word("6")), Ok(6));
        assert!(read_decimals(&word("100")).is_err());
        assert_eq!(read_uint(&word("2710")), Ok(U256::from(10_000_u64)));
        // What a call to no contract gives.
        assert!(read_uint(&json!("0x")).is_err());
        assert!(read_bool(&json!("0x1")).is_err());
        assert!(read_bool(&json!(true)).is_err());
        assert!(read_bytes32(&json!(format!("{}00", hash(1)))).is_err());
    }

    #[test]
    fn a_receipt_is_that_of_the_transaction() {
        let read_one = read(&receipt()).unwrap().unwrap();
        assert!(read_one.success && read_one.block == 16 && read_one.logs.len() == 1);
        assert_eq!(read_one.logs[0].address, payee());
        assert_eq!(read(&Value::Null), Ok(None));
        assert_eq!(read(&but(receipt(), "blockNumber", Value::Null)), Ok(None));
        assert!(!read(&but(receipt(), "status", json!("0x0"))).unwrap().unwrap().success);
        for (name, member) in [
            ("transactionHash", json!(hash(8))),
            ("status", json!("0x2")),
            ("status", json!(1)),
            ("status", Value::Null),
            ("logs", Value::Null),
            ("blockNumber", json!(16)),
            ("logs", json!([but(log(), "transactionHash", json!(hash(8)))])),
            ("logs", json!([but(log(), "blockNumber", json!("0x11"))])),
            ("logs", json!([but(log(), "data", json!("0x1"))])),
            ("logs", json!([but(log(), "topics", json!(vec![hash(1); 5]))])),
            ("logs", json!([but(log(), "removed", json!("no"))])),
        ] {
            assert!(read(&but(receipt(), name, member.clone())).is_err(), "{name} {member}");
        }
    }

    #[test]
    fn events_in_no_block_are_not_there() {
        let gone = but(log(), "removed", json!(true));
        let waiting = but(log(), "blockNumber", Value::Null);
        assert_eq!(read_logs(&json!([gone, waiting])), Ok(vec![]));
        assert_eq!(read_logs(&json!([log()])).unwrap().len(), 1);
        assert!(read_logs(&Value::Null).is_err());
    }

    #[test]
    fn a_block_has_a_number_and_a_time() {
        let block = json!({"number": "0x10", "timestamp": "0x67c08d14", "hash": hash(1)});
        assert_eq!(read_block(&block), Ok(Some(Block { number: 16, timestamp: 0x67c0_8d14 })));
        assert_eq!(read_block(&Value::Null), Ok(None));
        assert!(read_block(&json!({"number": "0x10"})).is_err());
    }
}
