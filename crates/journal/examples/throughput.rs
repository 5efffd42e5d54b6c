//! What a record costs: `cargo run --release -p journal --example throughput [seconds]`.
#![allow(clippy::print_stdout, reason = "this is a program for people")]

use std::time::Duration;

use ambient::{Clock, Instant};
use audit::{Kind, Outcome, Record, leaf_hash};
use journal::{Journal, Options};
use model::{Action, Credential, Effect, PrincipalId, SourceName, TenantId, Timestamp};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seconds = std::env::args().nth(1).map_or(Ok(2), |s| s.parse())?;
    let dir = tempfile::tempdir()?;
    let clock = Clock::system();
    let template = record(&clock)?;
    alone(&clock, &template);
    for tasks in [1, 4, 16, 64] {
        let options = Options::new(dir.path().join(tasks.to_string()), "bench.example/audit");
        let (journal, _) = Journal::open(options, clock.clone())?;
        run(&clock, &journal, &template, tasks, Duration::from_secs(seconds))?;
    }
    Ok(())
}

/// A record as a usual call makes it.
fn record(clock: &Clock) -> Result<Record, model::NameError> {
    Ok(Record {
        principal: Some(PrincipalId::new("alice")),
        tenant: Some(TenantId::new("acme")),
        credential: Some(Credential::ApiKey("k_7f3a".into())),
        session: Some("s_5d41402abc4b2a76".into()),
        request_id: Some("42".into()),
        trace_id: Some("4bf92f3577b34da6a3ce929d0e0e4736".into()),
        front: Some("http".into()),
        client: Some(std::net::Ipv4Addr::LOCALHOST.into()),
        user_agent: Some("example-client/1.4.2".into()),
        source: Some(SourceName::new("files")?),
        tool: Some("files__read_file".into()),
        upstream_name: Some("read_file".into()),
        action: Some(Action::Call),
        effect: Some(Effect::Read),
        args_digest: Some([0xab; 32]),
        verdict: Some("allow"),
        rule: Some("read-only".into()),
        epoch: 3,
        outcome: Some(Outcome::Ok),
        duration_us: Some(812),
        bytes_in: Some(212),
        bytes_out: Some(1034),
        ..Record::new(Kind::Call, Timestamp(clock.now_millis()))
    })
}

/// The parts that need no disk.
fn alone(clock: &Clock, template: &Record) {
    const ROUNDS: u32 = 200_000;
    let mut line = Vec::new();
    let each = |start: Instant| clock.instant().since(start) / ROUNDS;
    let start = clock.instant();
    for seq in 0..ROUNDS {
        line.clear();
        template.write_line(u64::from(seq) + 1_000_000, &mut line);
    }
    println!("line of {} bytes: {:?}", line.len(), each(start));
    let start = clock.instant();
    let mut all = 0_u8;
    for _ in 0..ROUNDS {
        all ^= leaf_hash(&line)[0];
    }
    println!("its hash: {:?} ({all})", each(start));
}

fn run(
    clock: &Clock,
    journal: &Journal,
    template: &Record,
    tasks: usize,
    time: Duration,
) -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let (start, cpu) = (clock.instant(), cpu_time());
    let waits = runtime.block_on(async {
        let mut handles = Vec::new();
        for _ in 0..tasks {
            let (journal, template, clock) = (journal.clone(), template.clone(), clock.clone());
            handles.push(tokio::spawn(async move {
                let mut waits = Vec::new();
                while clock.instant().since(start) < time {
                    let from = clock.instant();
                    if journal.append(template.clone()).await.is_err() {
                        break;
                    }
                    waits.push(clock.instant().since(from));
                }
                waits
            }));
        }
        let mut all = Vec::new();
        for handle in handles {
            all.extend(handle.await.unwrap_or_default());
        }
        all
    });
    let used = cpu_time().saturating_sub(cpu);
    report(journal, waits, tasks, clock.instant().since(start), used);
    Ok(())
}

fn report(
    journal: &Journal,
    mut waits: Vec<Duration>,
    tasks: usize,
    wall: Duration,
    cpu: Duration,
) {
    waits.sort_unstable();
    let at =
        |per_mille: usize| waits.get(waits.len() * per_mille / 1000).copied().unwrap_or_default();
    let (stats, count) = (journal.stats(), u32::try_from(waits.len()).unwrap_or(u32::MAX).max(1));
    println!(
        "{tasks:3} committers: {:.0}/s, {:.1} records a batch, CPU {:?} a record, {:?} a batch, p50 {:?}, p99 {:?}",
        f64::from(count) / wall.as_secs_f64(),
        f64::from(count) / f64::from(u32::try_from(stats.batches).unwrap_or(u32::MAX)),
        cpu / count,
        cpu / u32::try_from(stats.batches.max(1)).unwrap_or(u32::MAX),
        at(500),
        at(990),
    );
}

/// CPU time of this process so far, all threads, in user and kernel.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}
