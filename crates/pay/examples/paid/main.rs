//! What a paid call costs beyond the bare rail: the gate's engine beside a program that just pays.
//!
//! ```sh
//! fixtures/market/install lnbits x402
//! fixtures/market/run --only seller-x402-v2,seller-l402 -- cargo run --release -p pay --example paid
//! ```
//!
//! Both ask the same seller, pay from the same wallet and show the same proof, by turns. The engine judges, reserves,
//! records, seals, and has the chain or the wallet prove the payment, all of it durable, before its answer is handed on;
//! the bare rail does none of that. A number behind `--` says how many rounds of each (200).
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program for people that measures time"
)]

mod bare;
mod engine;
mod market;

use std::time::{Duration, Instant};

use bare::Rail;
use engine::Engine;
use market::Market;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Rounds before the first that counts.
const WARM_UP: usize = 10;

fn main() -> Outcome<()> {
    let rounds = std::env::args().nth(1).map_or(Ok(200), |n| n.parse())?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let market = Market::open()?;
        let engine = Engine::new(&market)?;
        println!(
            "{:>5} {:>22} {:>22} {:>22}",
            "rail", "bare, p50 / p99 ms", "gate, p50 / p99 ms", "added, p50 / p99 ms"
        );
        for rail in [Rail::X402, Rail::L402] {
            let (mut bare, mut gate) = (Vec::new(), Vec::new());
            for round in 0..WARM_UP + rounds {
                let without = timed(rail.pay(&market)).await?;
                let with = timed(engine.pay(rail, round)).await?;
                if round >= WARM_UP {
                    bare.push(without);
                    gate.push(with);
                }
            }
            let (bare, gate) = (percentiles(bare), percentiles(gate));
            let added = [gate[0] - bare[0], gate[1] - bare[1]];
            let cell = |[p50, p99]: [f64; 2]| format!("{p50:.1} / {p99:.1}");
            println!(
                "{:>5} {:>22} {:>22} {:>22}",
                rail.name(),
                cell(bare),
                cell(gate),
                cell(added)
            );
        }
        let sync = percentiles(market::syncs(1000)?);
        println!("a durable write of this disk: {:.2} / {:.2} ms", sync[0], sync[1]);
        Ok(())
    })
}

async fn timed(work: impl Future<Output = Outcome<()>>) -> Outcome<Duration> {
    let start = Instant::now();
    work.await?;
    Ok(start.elapsed())
}

/// Median and 99th percentile, in milliseconds.
fn percentiles(mut all: Vec<Duration>) -> [f64; 2] {
    all.sort_unstable();
    let at =
        |share: usize| all.get(all.len() * share / 100).map_or(0.0, |d| d.as_secs_f64() * 1000.0);
    [at(50), at(99)]
}
