//! A mint behind a true HTTP server on loopback, which really signs, and misbehaves as a test says.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use ambient::Clock;
use aws_lc_rs::digest::{SHA256, digest};
use cashu::{KeysetId, MintUrl, Point};
use egress::{Client, Egress, Limits, Net, Options, Policy, Resolver, Target};
use secp256k1::{PublicKey, Scalar, SecretKey};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use super::Mint;

/// How a mint misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// It does not answer at all.
    Down,
    /// It loses swaps before it looks at them.
    SwapLost,
    /// It swaps, and its answer is lost.
    AnswerLost,
    /// It refuses every swap.
    Refuses,
    /// It signs with another key.
    WrongKey,
    /// It gives no proof of its signatures.
    NoDleq,
    /// All proofs are being spent, and what is to be paid is under way.
    Pending,
    /// It pays invoices and shows a preimage that is none.
    NoPreimage,
}

/// What it keeps for the way of a payment, and what the way takes.
pub(crate) const RESERVE: u64 = 2;
const WAY: u64 = 1;

pub(crate) struct World {
    pub(crate) fault: Fault,
    pub(crate) ppk: u64,
    pub(crate) paid: HashSet<String>,
    issued: HashSet<String>,
    port: u16,
    pub(crate) swaps: usize,
    pub(crate) asked: usize,
    /// What left: the sum signed less the sum spent.
    pub(crate) afloat: i128,
    quotes: HashMap<String, u64>,
    /// Invoices to be paid: how much, and how it stands.
    pub(crate) melts: HashMap<String, (u64, &'static str)>,
    pending: Option<Value>,
    /// How often it was told to pay one.
    pub(crate) melted: usize,
    spent: HashSet<String>,
    signed: HashMap<String, Value>,
}

fn secret(bit: u32) -> SecretKey {
    SecretKey::from_secret_bytes([u8::try_from(bit).unwrap() + 1; 32]).unwrap()
}

fn public(key: &SecretKey) -> Point {
    Point::from_bytes(&PublicKey::from_secret_key(key).serialize()).unwrap()
}

fn keys() -> BTreeMap<u64, Point> {
    (0..16).map(|bit| (1 << bit, public(&secret(bit)))).collect()
}

fn times(point: &str, key: &SecretKey) -> PublicKey {
    let point = PublicKey::from_slice(&Point::from_hex(point).unwrap().to_bytes()).unwrap();
    point.mul_tweak(&Scalar::from(*key)).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    evm::hex::encode(bytes).trim_start_matches("0x").to_owned()
}

fn sum(list: &Value) -> u64 {
    list.as_array().unwrap().iter().map(|one| one["amount"].as_u64().unwrap()).sum()
}

fn y(secret: &str) -> String {
    cashu::hash_to_curve(secret.as_bytes()).unwrap().to_hex()
}

impl World {
    fn sign(&self, output: &Value) -> Value {
        let amount = output["amount"].as_u64().unwrap();
        let (b, key) = (output["B_"].as_str().unwrap(), secret(amount.trailing_zeros()));
        let used = if self.fault == Fault::WrongKey { secret(40) } else { key };
        let c = times(b, &used);
        let nonce = SecretKey::from_secret_bytes([77; 32]).unwrap();
        let points = [
            PublicKey::from_secret_key(&nonce),
            times(b, &nonce),
            PublicKey::from_secret_key(&key),
            c,
        ];
        let text: String = points.iter().map(|p| hex(&p.serialize_uncompressed())).collect();
        let e: [u8; 32] = digest(&SHA256, text.as_bytes()).as_ref().try_into().unwrap();
        let s = used.mul_tweak(&Scalar::from_be_bytes(e).unwrap()).unwrap();
        let s = s.add_tweak(&Scalar::from(nonce)).unwrap();
        let mut signed = json!({"amount": amount, "id": output["id"], "C_": hex(&c.serialize()),
            "dleq": {"e": hex(&e), "s": hex(s.as_secret_bytes())}});
        if self.fault == Fault::NoDleq {
            signed.as_object_mut().unwrap().remove("dleq");
        }
        signed
    }

    fn sign_all(&mut self, outputs: &Value) -> Value {
        let mut signatures = Vec::new();
        for output in outputs.as_array().unwrap() {
            let signed = self.sign(output);
            self.afloat += i128::from(output["amount"].as_u64().unwrap());
            self.signed.insert(output["B_"].as_str().unwrap().to_owned(), signed.clone());
            signatures.push(signed);
        }
        json!({ "signatures": signatures })
    }

    fn fee(&self, body: &Value) -> u64 {
        (self.ppk * body["inputs"].as_array().unwrap().len() as u64).div_ceil(1000)
    }

    /// The inputs, if all of them are ours and none is spent.
    fn good(&self, body: &Value) -> Option<HashSet<String>> {
        let inputs = body["inputs"].as_array().unwrap();
        let mut ys = HashSet::new();
        for input in inputs {
            let y = y(input["secret"].as_str().unwrap());
            let key = secret(input["amount"].as_u64().unwrap().trailing_zeros());
            if hex(&times(&y, &key).serialize()) != input["C"] || self.spent.contains(&y) {
                return None;
            }
            ys.insert(y);
        }
        (ys.len() == inputs.len()).then_some(ys)
    }

    /// What was pending ends so. What is paid is taken as in time, with its change.
    pub(crate) fn end_melt(&mut self, state: &'static str) {
        let quote = self.melts.keys().next().unwrap().clone();
        let pending = self.pending.take().unwrap();
        self.melts.get_mut(&quote).unwrap().1 = "UNPAID";
        if state == "PAID" {
            self.melted -= 1;
            self.melt(&pending).unwrap();
        }
    }

    fn melting(&self, quote: &str) -> Value {
        let (amount, state) = self.melts[quote];
        let wrong = self.fault == Fault::NoPreimage;
        let preimage = if wrong { "00".repeat(32) } else { "01".repeat(32) };
        let preimage = (state == "PAID").then_some(preimage);
        json!({"quote": quote, "amount": amount, "fee_reserve": RESERVE, "unit": "sat",
            "state": state, "expiry": null, "payment_preimage": preimage})
    }

    fn melt(&mut self, body: &Value) -> Option<Value> {
        self.melted += 1;
        let quote = body["quote"].as_str().unwrap().to_owned();
        let ys = self.good(body).filter(|_| self.fault != Fault::Refuses)?;
        if self.fault == Fault::Pending {
            self.melts.get_mut(&quote).unwrap().1 = "PENDING";
            self.pending = Some(body.clone());
            return Some(self.melting(&quote));
        }
        let (amount, _) = self.melts[&quote];
        let back =
            sum(&body["inputs"]).checked_sub(amount + RESERVE + self.fee(body))? + RESERVE - WAY;
        self.afloat -= i128::from(sum(&body["inputs"]));
        self.spent.extend(ys);
        self.melts.get_mut(&quote).unwrap().1 = "PAID";
        let blanks = body["outputs"].as_array().unwrap().iter();
        let made = blanks.zip(cashu::split(back)).map(|(blank, amount)| {
            assert_eq!(blank["amount"], 0);
            let mut made = blank.clone();
            made["amount"] = amount.into();
            made
        });
        let change = self.sign_all(&made.collect());
        assert_eq!(sum(&change["signatures"]), back, "there were too few blank outputs");
        let mut told = self.melting(&quote);
        told["change"] = change["signatures"].clone();
        Some(told)
    }

    fn swap(&mut self, body: &Value) -> Option<Value> {
        self.swaps += 1;
        let ys = self.good(body)?;
        let fee = self.fee(body);
        let fresh = |o: &Value| !self.signed.contains_key(o["B_"].as_str().unwrap());
        let fair = sum(&body["inputs"]) == sum(&body["outputs"]) + fee
            && body["outputs"].as_array().unwrap().iter().all(fresh);
        if !fair || self.fault == Fault::Refuses {
            return None;
        }
        self.afloat -= i128::from(sum(&body["inputs"]));
        self.spent.extend(ys);
        Some(self.sign_all(&body["outputs"]))
    }

    fn quote(&self, quote: &str) -> Value {
        let state = if self.issued.contains(quote) {
            "ISSUED"
        } else if self.paid.contains(quote) {
            "PAID"
        } else {
            "UNPAID"
        };
        json!({"quote": quote, "request": "lnbc1", "amount": self.quotes[quote], "unit": "sat",
            "state": state, "expiry": null})
    }

    /// What a seller does with a token.
    pub(crate) fn redeem(&mut self, token: &str) -> u64 {
        let token = cashu::Token::decode(token).unwrap();
        for proof in &token.proofs {
            let fresh = self.spent.insert(proof.y().unwrap().to_hex());
            assert!(fresh, "it was spent before");
            let key = cashu::hash_to_curve(proof.secret.reveal().as_bytes()).unwrap().to_hex();
            let expected = times(&key, &secret(proof.amount.trailing_zeros()));
            assert_eq!(proof.c.to_bytes(), expected.serialize());
        }
        let sum = token.amount().unwrap();
        self.afloat -= i128::from(sum);
        sum
    }

    fn answer(&mut self, path: &str, body: &str) -> Option<(u16, Value)> {
        let id = KeysetId::v1(&keys()).to_hex();
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let refused = (400, json!({"detail": "no", "code": 11000}));
        self.asked += 1;
        if self.fault == Fault::Down || self.fault == Fault::SwapLost && path == "/v1/swap" {
            return None;
        }
        let good = match path {
            "/v1/keysets" => Some(json!({"keysets": [{"id": id, "unit": "sat", "active": true,
                "input_fee_ppk": self.ppk}]})),
            "/v1/swap" => {
                let done = self.swap(&body);
                if self.fault == Fault::AnswerLost {
                    return None;
                }
                done
            }
            "/v1/melt/quote/bolt11" => {
                let invoice = lightning::Invoice::parse(body["request"].as_str().unwrap()).unwrap();
                let quote = format!("m{}-{}", self.port, self.melts.len());
                self.melts.insert(quote.clone(), (invoice.sat_ceil().unwrap(), "UNPAID"));
                Some(self.melting(&quote))
            }
            path if path.starts_with("/v1/melt/quote/bolt11/") => {
                Some(self.melting(path.rsplit('/').next().unwrap()))
            }
            "/v1/melt/bolt11" => {
                if self.fault == Fault::SwapLost {
                    return None;
                }
                let done = self.melt(&body);
                if self.fault == Fault::AnswerLost {
                    return None;
                }
                done
            }
            "/v1/checkstate" => {
                let of = |y: &Value| {
                    let spent = self.spent.contains(y.as_str().unwrap());
                    let state = match (self.fault, spent) {
                        (Fault::Pending, _) => "PENDING",
                        (_, true) => "SPENT",
                        (_, false) => "UNSPENT",
                    };
                    json!({"Y": y, "state": state})
                };
                let states: Vec<Value> = body["Ys"].as_array().unwrap().iter().map(of).collect();
                Some(json!({ "states": states }))
            }
            "/v1/restore" => {
                let known = |o: &&Value| self.signed.contains_key(o["B_"].as_str().unwrap());
                let outputs: Vec<&Value> =
                    body["outputs"].as_array().unwrap().iter().filter(known).collect();
                // Made anew: what was signed badly once is signed well when a fault is over.
                let again = |o: &&Value| {
                    let mut output = (*o).clone();
                    output["amount"] = self.signed[o["B_"].as_str().unwrap()]["amount"].clone();
                    self.sign(&output)
                };
                let signatures: Vec<Value> = outputs.iter().map(again).collect();
                Some(json!({ "outputs": outputs, "signatures": signatures }))
            }
            "/v1/mint/quote/bolt11" => {
                let amount = body["amount"].as_u64().unwrap();
                let quote = format!("q{}-{}", self.port, self.quotes.len());
                self.quotes.insert(quote.clone(), amount);
                Some(self.quote(&quote))
            }
            path if path.starts_with("/v1/mint/quote/bolt11/") => {
                Some(self.quote(path.rsplit('/').next().unwrap()))
            }
            "/v1/mint/bolt11" => {
                let quote = body["quote"].as_str().unwrap();
                let paid = self.fault != Fault::Refuses && self.paid.remove(quote);
                if paid {
                    self.issued.insert(quote.to_owned());
                }
                let done = paid.then(|| self.sign_all(&body["outputs"]));
                if self.fault == Fault::AnswerLost {
                    return None;
                }
                done
            }
            _ => {
                let keys: BTreeMap<String, String> =
                    keys().iter().map(|(a, k)| (a.to_string(), k.to_hex())).collect();
                Some(json!({"keysets": [{"id": id, "unit": "sat", "keys": keys}]}))
            }
        };
        Some(good.map_or(refused, |good| (200, good)))
    }
}

pub(crate) struct FakeMint {
    world: Arc<Mutex<World>>,
    pub(crate) url: MintUrl,
    client: Client,
    task: tokio::task::JoinHandle<()>,
}

impl FakeMint {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let mint = MintUrl::parse(url.as_str()).unwrap();
        let target = Target { policy: Policy::naming(&url), ..Target::new(url.clone()) };
        let client = Egress::new(Options::default(), Clock::system()).client(&target).unwrap();
        let world = Arc::new(Mutex::new(World {
            fault: Fault::None,
            ppk: 0,
            paid: HashSet::new(),
            issued: HashSet::new(),
            port: url.port().unwrap(),
            swaps: 0,
            asked: 0,
            afloat: 0,
            quotes: HashMap::new(),
            melts: HashMap::new(),
            melted: 0,
            pending: None,
            spent: HashSet::new(),
            signed: HashMap::new(),
        }));
        let kept = world.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, world.clone()));
            }
        });
        Self { world: kept, url: mint, client, task }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub(crate) fn fault(&self, fault: Fault) {
        self.world().fault = fault;
    }

    /// The same mint by a name that leads to these addresses, one a connection, the last one for ever; its own is the only
    /// one that may be dialled.
    pub(crate) fn by_name(&self, name: &str, addresses: &[IpAddr]) -> Mint {
        let port = self.world().port;
        let url = Url::parse(&format!("http://{name}:{port}")).unwrap();
        let mint = MintUrl::parse(url.as_str()).unwrap();
        let home: Net = "127.0.0.1".parse().unwrap();
        let policy = Policy::default().allow_net(home, Some(port));
        let answers = addresses.iter().map(|address| vec![*address]).collect();
        let resolver = Resolver::fixed([(name.to_owned(), answers)]);
        let egress = Egress::new(Options { resolver, ..Options::default() }, Clock::system());
        // Each request dials anew.
        let limits = Limits { max_idle: 0, ..Limits::default() };
        let target = Target { policy, limits, ..Target::new(url) };
        Mint::new(mint, egress.client(&target).unwrap())
    }

    pub(crate) fn mint(&self) -> Mint {
        Mint::new(self.url.clone(), self.client.clone())
    }
}

impl Drop for FakeMint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, world: Arc<Mutex<World>>) {
    let mut buffer = Vec::new();
    loop {
        let Some((path, body)) = request(&mut stream, &mut buffer).await else { return };
        let Some((status, value)) = world.lock().unwrap().answer(&path, &body) else { return };
        let text = value.to_string();
        let head = format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n");
        let reply = format!("{head}content-length: {}\r\n\r\n{text}", text.len());
        if stream.write_all(reply.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<(String, String)> {
    loop {
        let text = String::from_utf8_lossy(buffer).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length: ")
                    .map(|n| n.parse::<usize>().unwrap())
            });
            let length = length.unwrap_or(0);
            if body.len() >= length {
                buffer.drain(..head.len() + 4 + length);
                let path = head.split(' ').nth(1)?.to_owned();
                return Some((path, body[..length].to_owned()));
            }
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}
