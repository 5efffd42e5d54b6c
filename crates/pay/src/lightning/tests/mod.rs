mod credentials;
mod fake;
mod looks;
mod payments;
mod sample;

use std::sync::atomic::Ordering;

use self::fake::{Does, Fake};
use self::sample::{H1, INV10, MAC, MPP, ODD, T0, job, l402, offer, open, right};
use super::*;

/// A driver over a wallet that pays so and is looked up so.
fn driver(pay: Does, look: Does) -> (Lightning, Arc<Fake>, Clock) {
    let (fake, clock) = (Arc::new(Fake::new(pay, look)), Clock::manual(T0));
    let hangs = matches!(pay, Does::Hangs) || matches!(look, Does::Hangs);
    let limit = if hangs { Duration::from_millis(50) } else { TIME_LIMIT };
    let driver = Lightning::new(fake.clone(), "main", clock.clone(), limit);
    (driver, fake, clock)
}

fn base() -> Job {
    job(l402("L402", MAC, INV10), INV10)
}

async fn sealed(driver: &Lightning, job: &Job) -> Payload {
    driver.sign(job).await.expect("signed")
}

async fn dispatched(driver: &Lightning, job: &Job) -> Dispatched {
    driver.dispatch(job, &sealed(driver, job).await).await
}

/// What it came to, in the words of the cases.
fn word(standing: &Standing) -> String {
    match standing {
        Standing::Settled { amount, fee, receipt, flags } => {
            assert_eq!(receipt, H1);
            let flags: Vec<_> = flags.iter().map(|flag| flag.as_str()).collect();
            format!("settled {amount}+{fee} {}", flags.join(",")).trim_end().to_owned()
        }
        Standing::Released { rule, .. } => {
            format!("released {}", rule.map_or("", MoneyRule::as_str)).trim_end().to_owned()
        }
        Standing::Held { rule, .. } => format!("hold:{rule}"),
    }
}

fn told(dispatched: &Dispatched) -> String {
    match dispatched {
        Dispatched::Carry(_) => "carry".to_owned(),
        Dispatched::Done(standing, _) => format!("done {}", word(standing)),
        Dispatched::Stop(standing) => word(standing),
    }
}
