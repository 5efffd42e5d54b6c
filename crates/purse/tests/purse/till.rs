//! A seller that takes ecash: for a request (NUT-24), and for credit beforehand as toll-booth does.

use std::sync::{Arc, Mutex};

use cashu::PaymentRequest;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::fake::FakeMint;

/// What it does with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Takes it, and says that so much was credited.
    AndCredits(u64),
    /// Takes it, and breaks the connection off.
    AndIsGone,
    /// Takes it not, and says that it is at it.
    NotYet,
    /// Takes it not.
    Not,
}

pub(crate) struct Till {
    pub(crate) mints: Arc<Vec<FakeMint>>,
    pub(crate) at: String,
    takes: Arc<Mutex<Takes>>,
    /// What it has taken, in satoshi.
    taken: Arc<Mutex<Vec<u64>>>,
}

const MACAROON: &str = "AgEEbHNhdA";
const SECRET: &str = "5ec2e7";

impl Till {
    /// It takes the ecash of so many mints.
    pub(crate) async fn open(mints: usize) -> Self {
        let mut all = Vec::new();
        for _ in 0..mints {
            all.push(FakeMint::start().await);
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = format!("http://{}", listener.local_addr().unwrap());
        let takes = Arc::new(Mutex::new(Takes::AndCredits(10)));
        let till = Self { mints: Arc::new(all), at, takes, taken: Arc::default() };
        let (mints, takes, taken) = (till.mints.clone(), till.takes.clone(), till.taken.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (mints, takes, taken) = (mints.clone(), takes.clone(), taken.clone());
                tokio::spawn(async move {
                    let takes = || *takes.lock().unwrap();
                    let take = |token: &str| {
                        let of = cashu::Token::decode(token).unwrap().mint;
                        let mint = mints.iter().find(|mint| mint.url == of).unwrap();
                        let sat = mint.world().redeem(token);
                        taken.lock().unwrap().push(sat);
                    };
                    serve(stream, takes, take).await;
                });
            }
        });
        till
    }

    pub(crate) fn set(&self, takes: Takes) {
        *self.takes.lock().unwrap() = takes;
    }

    pub(crate) fn taken(&self) -> Vec<u64> {
        self.taken.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, takes: impl Fn() -> Takes, take: impl Fn(&str)) {
    let mut buffer = Vec::new();
    while let Some((head, body)) = request(&mut stream, &mut buffer).await {
        let told: Value = serde_json::from_str(&body).unwrap_or_default();
        let path = head.split(' ').nth(1).unwrap();
        let field = |name: &str| {
            head.lines().find_map(|line| {
                let (key, value) = line.split_once(": ")?;
                key.eq_ignore_ascii_case(name).then(|| value.to_owned())
            })
        };
        let token = match path {
            "/cashu-redeem" => told["token"].as_str().map(ToOwned::to_owned),
            _ => field("x-cashu"),
        };
        let mut takes = takes();
        if let (Some(token), Takes::AndCredits(_) | Takes::AndIsGone) = (&token, takes) {
            take(token);
            if takes == Takes::AndIsGone {
                return;
            }
        }
        if path == "/cashu-redeem" {
            assert_eq!((&told["paymentHash"], &told["statusToken"]), (&hash(), &json!("s1")));
        }
        if field("authorization") == Some(format!("L402 {MACAROON}:{SECRET}")) {
            takes = Takes::AndCredits(0);
        } else if path != "/create-invoice" && token.is_none() {
            takes = Takes::Not;
        }
        let (status, answer) = match (path, takes) {
            ("/create-invoice", _) => (
                200,
                json!({
                    "payment_hash": hash(), "macaroon": MACAROON, "bolt11": "",
                    "payment_url": "/invoice-status/ab?token=s1",
                    "amount_sats": told["amountSats"], "credit_sats": told["amountSats"],
                }),
            ),
            ("/cashu-redeem", Takes::AndCredits(sat)) => {
                (200, json!({ "token_suffix": SECRET, "credited": sat }))
            }
            ("/cashu-redeem", Takes::NotYet) => (202, json!({ "state": "pending" })),
            ("/weather", Takes::AndCredits(_)) => (200, json!({ "weather": "sunny" })),
            ("/weather", _) => (402, json!({})),
            _ => (400, json!({ "error": "no" })),
        };
        let asked = PaymentRequest {
            amount: Some(10),
            unit: Some("sat".to_owned()),
            ..PaymentRequest::default()
        };
        let ask = format!("x-cashu: {}\r\n", asked.to_creq_a());
        let ask = if status == 402 { ask } else { String::new() };
        let text = answer.to_string();
        let head = format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{ask}");
        let reply = format!("{head}content-length: {}\r\n\r\n{text}", text.len());
        if stream.write_all(reply.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn hash() -> Value {
    "ab".repeat(32).into()
}

/// Head and body.
async fn request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<(String, String)> {
    loop {
        let text = String::from_utf8_lossy(buffer).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let length = line.to_ascii_lowercase();
                length.strip_prefix("content-length: ").map(|n| n.parse::<usize>().unwrap())
            });
            let length = length.unwrap_or(0);
            if body.len() >= length {
                let (head, body) = (head.to_owned(), body[..length].to_owned());
                buffer.drain(..head.len() + 4 + length);
                return Some((head, body));
            }
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}
