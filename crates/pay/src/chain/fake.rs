//! A small chain behind a true HTTP server on loopback, which does what a test says, faults included.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use ambient::Clock;
use egress::{Client, Egress, Options, Policy, Target};
use evm::{Address, Bytes32, Token, U256, hex, keccak256, nonce_bit};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// 2025-02-27T16:01:40Z
pub(crate) const T0: u64 = 1_740_672_100;
pub(crate) const PAYEE: &str = "0x209693Bc6afc0C5328bA36FaF03C514EF312287C";
pub(crate) const STRANGER: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
pub(crate) const ACCOUNT_0: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
/// The block at T0; blocks come every two seconds.
pub(crate) const B0: u64 = 1_000_000;

pub(crate) fn usdc() -> Token {
    Token {
        chain_id: 84532,
        address: address("0x036CbD53842c5426634e7929541eC2318f3dCF7e"),
        name: "USDC".to_owned(),
        version: "2".to_owned(),
        decimals: 6,
    }
}

pub(crate) fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

/// How a node misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// It answers with a redirect to itself.
    Redirect,
    /// It answers with what is no JSON.
    Garbage,
    /// It says each thing twice, differently.
    Double,
    /// It answers with status 500.
    Status,
    /// It answers another question.
    OtherId,
    /// It refuses to say anything as of old blocks.
    Forgetful,
}

/// What is on the chain, as one node has it.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) chain_id: u64,
    pub(crate) head: u64,
    pub(crate) finalised: u64,
    pub(crate) separator: Bytes32,
    pub(crate) decimals: u8,
    pub(crate) balance: u128,
    pub(crate) allowance: u128,
    pub(crate) fault: Fault,
    /// Blocks and successes of transactions, and their events.
    pub(crate) transactions: BTreeMap<Bytes32, Mined>,
    /// When nonces were spent.
    pub(crate) spent: BTreeMap<Bytes32, u64>,
    pub(crate) asked: Vec<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Mined {
    pub(crate) block: u64,
    pub(crate) success: bool,
    pub(crate) logs: Vec<Event>,
}

#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) contract: Address,
    pub(crate) topics: Vec<Bytes32>,
    pub(crate) data: Vec<u8>,
}

impl Event {
    pub(crate) fn transfer(token: Address, from: Address, to: Address, amount: u128) -> Self {
        let topics = vec![topic("Transfer(address,address,uint256)"), word(from), word(to)];
        Self { contract: token, topics, data: U256::from(amount).as_be_bytes().to_vec() }
    }

    pub(crate) fn used(token: Address, from: Address, nonce: Bytes32) -> Self {
        let topics = vec![topic("AuthorizationUsed(address,bytes32)"), word(from), nonce];
        Self { contract: token, topics, data: Vec::new() }
    }

    pub(crate) fn settled(proxy: Address) -> Self {
        Self { contract: proxy, topics: vec![topic("Settled()")], data: Vec::new() }
    }
}

pub(crate) fn topic(event: &str) -> Bytes32 {
    keccak256(event)
}

fn word(address: Address) -> Bytes32 {
    let mut bytes = [0; 32];
    bytes[12..].copy_from_slice(address.as_bytes());
    Bytes32::new(bytes)
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            chain_id: 84532,
            head: B0,
            finalised: B0 - 20,
            separator: usdc().domain().separator(),
            decimals: 6,
            balance: 1_000_000_000,
            allowance: 1_000_000_000,
            fault: Fault::None,
            transactions: BTreeMap::new(),
            spent: BTreeMap::new(),
            asked: Vec::new(),
        }
    }

    /// Time goes on, for the head and for what is final.
    pub(crate) fn pass(&mut self, seconds: u64) {
        self.head += seconds / 2;
        self.finalised += seconds / 2;
    }

    /// Puts a transaction into the next block.
    pub(crate) fn mine(&mut self, name: &str, success: bool, logs: Vec<Event>) -> Bytes32 {
        self.head += 1;
        let hash = keccak256(name);
        self.transactions.insert(hash, Mined { block: self.head, success, logs });
        hash
    }

    pub(crate) fn spend(&mut self, nonce: Bytes32) {
        self.spent.insert(nonce, self.head);
    }

    fn answer(&mut self, text: &str) -> (u16, String) {
        let question: Value = serde_json::from_str(text).unwrap();
        let method = question["method"].as_str().unwrap().to_owned();
        self.asked.push(method.clone());
        let result = self.result(&method, &question["params"]);
        let id = if self.fault == Fault::OtherId { json!(99) } else { question["id"].clone() };
        let answer = json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string();
        match self.fault {
            Fault::Redirect => (307, String::new()),
            Fault::Garbage => (200, "<html>".to_owned()),
            Fault::Double => (200, answer.replacen('{', r#"{"result":"0x0","#, 1)),
            Fault::Status => (500, answer),
            Fault::None | Fault::OtherId | Fault::Forgetful => (200, answer),
        }
    }

    fn number(&self, tag: &Value) -> u64 {
        match tag.as_str().unwrap() {
            "latest" => self.head,
            "finalized" => self.finalised,
            number => u64::from_str_radix(&number[2..], 16).unwrap(),
        }
    }

    fn result(&self, method: &str, params: &Value) -> Value {
        match method {
            "eth_chainId" => json!(format!("{:#x}", self.chain_id)),
            "eth_getBlockByNumber" => {
                let number = self.number(&params[0]);
                let time = T0 + 2 * number - 2 * B0;
                json!({"number": format!("{number:#x}"), "timestamp": format!("{time:#x}")})
            }
            "eth_getTransactionReceipt" => {
                let hash = Bytes32::parse(params[0].as_str().unwrap()).unwrap();
                let Some(mined) = self.transactions.get(&hash) else { return Value::Null };
                let logs: Vec<_> = mined.logs.iter().map(|log| written(hash, mined, log)).collect();
                json!({"transactionHash": hash.to_string(), "blockNumber": format!("{:#x}", mined.block),
                    "status": if mined.success { "0x1" } else { "0x0" }, "logs": logs})
            }
            "eth_getLogs" => self.logs(&params[0]),
            "eth_call" => self.call(&params[0], self.number(&params[1])),
            other => panic!("{other} is never asked"),
        }
    }

    fn logs(&self, filter: &Value) -> Value {
        let (from, to) = (self.number(&filter["fromBlock"]), self.number(&filter["toBlock"]));
        assert!(to - from < 2000, "nodes refuse long ranges");
        let fits = |log: &Event| {
            let topics = filter["topics"].as_array().unwrap();
            hex::encode(log.contract.as_bytes()) == filter["address"].as_str().unwrap()
                && topics.iter().enumerate().all(|(at, wanted)| {
                    wanted.is_null()
                        || log.topics.get(at).map(ToString::to_string).as_deref() == wanted.as_str()
                })
        };
        let within =
            self.transactions.iter().filter(|(_, m)| m.success && (from..=to).contains(&m.block));
        let found = within.flat_map(|(hash, mined)| {
            mined.logs.iter().filter(|log| fits(log)).map(|log| written(*hash, mined, log))
        });
        found.collect()
    }

    fn call(&self, call: &Value, at: u64) -> Value {
        if self.fault == Fault::Forgetful && at < self.head {
            return json!("0x");
        }
        let data = hex::decode(call["data"].as_str().unwrap()).unwrap();
        let argument = |number: usize| {
            Bytes32::new(data[4 + 32 * number..36 + 32 * number].try_into().unwrap())
        };
        let spent = |nonce: &Bytes32| self.spent.get(nonce).is_some_and(|block| *block <= at);
        let number = |number: u128| json!(hex::encode(U256::from(number).as_be_bytes()));
        match hex::encode(&data[..4]).as_str() {
            "0xe94a0102" => number(u128::from(spent(&argument(1)))),
            "0x4fe02b44" => {
                let mut bitmap = [0_u8; 32];
                for nonce in self.spent.keys().filter(|nonce| spent(nonce)) {
                    let bytes = nonce.as_bytes();
                    if bytes[..31] == argument(1).as_bytes()[1..] {
                        bitmap[31 - usize::from(bytes[31] / 8)] |= 1 << (bytes[31] % 8);
                        assert!(nonce_bit(
                            U256::from_be_bytes(bitmap),
                            U256::from_be_bytes(*bytes)
                        ));
                    }
                }
                json!(hex::encode(&bitmap))
            }
            "0x313ce567" => number(u128::from(self.decimals)),
            "0x3644e515" => json!(self.separator.to_string()),
            "0x70a08231" => number(self.balance),
            "0xdd62ed3e" => number(self.allowance),
            "0x7ecebe00" => number(3),
            other => panic!("{other} is never called"),
        }
    }
}

fn written(hash: Bytes32, mined: &Mined, log: &Event) -> Value {
    let topics: Vec<_> = log.topics.iter().map(ToString::to_string).collect();
    json!({"address": hex::encode(log.contract.as_bytes()), "topics": topics, "data": hex::encode(&log.data),
        "transactionHash": hash.to_string(), "blockNumber": format!("{:#x}", mined.block), "removed": false})
}

/// A node: a world behind a server.
pub(crate) struct FakeNode {
    world: Arc<Mutex<World>>,
    pub(crate) client: Client,
    task: tokio::task::JoinHandle<()>,
}

impl FakeNode {
    pub(crate) async fn start(world: World) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url =
            Url::parse(&format!("http://{}/v1/hunter2", listener.local_addr().unwrap())).unwrap();
        let target = Target { policy: Policy::naming(&url), ..Target::new(url) };
        let client = Egress::new(Options::default(), Clock::system()).client(&target).unwrap();
        let world = Arc::new(Mutex::new(world));
        let kept = world.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, world.clone()));
            }
        });
        Self { world: kept, client, task }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }
}

impl Drop for FakeNode {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, world: Arc<Mutex<World>>) {
    let mut buffer = Vec::new();
    loop {
        let Some(body) = request(&mut stream, &mut buffer).await else { return };
        let (status, text) = world.lock().unwrap().answer(&body);
        let reply = format!(
            "HTTP/1.1 {status} X\r\nlocation: /elsewhere\r\ncontent-length: {}\r\n\r\n{text}",
            text.len()
        );
        if stream.write_all(reply.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<String> {
    loop {
        let text = String::from_utf8_lossy(buffer).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length: ")
                    .map(|n| n.parse::<usize>().unwrap())
            });
            let length = length.unwrap();
            if body.len() >= length {
                buffer.drain(..head.len() + 4 + length);
                return Some(body[..length].to_owned());
            }
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}
