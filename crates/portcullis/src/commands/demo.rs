mod house;
mod proof;

use std::io::{stdin, stdout};
use std::path::Path;
use std::process::ExitCode;

use demo::{Act, Stage, Version};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use self::house::{Folder, PER_MINUTE, Shop, Weather, configuration, key};
use super::serve::small_runtime;
use crate::cli::{ConfigFile, Demo, DemoServer, Which};
use crate::config;
use crate::house::{House, Live, asked_to_end, start_logs};
use crate::say;

/// Shows the gate at work. Exit code 1 if it does not do what it promises.
pub fn run(command: &Demo) -> anyhow::Result<ExitCode> {
    start_logs(config::Log { level: config::LogLevel::Error, format: config::LogFormat::Auto });
    let folder = Folder::new()?;
    let good = small_runtime()?.block_on(show(&folder, command.keep))?;
    if command.keep {
        say::line(format_args!("everything it kept is in {}", folder.leave().display()));
    }
    Ok(ExitCode::from(u8::from(!good)))
}

/// One of the servers of the demonstration.
pub fn server(server: DemoServer) -> anyhow::Result<ExitCode> {
    match server {
        DemoServer::Notes { poisoned, poisoned_if } => {
            let version = match (poisoned, poisoned_if) {
                (true, _) => Version::Poisoned,
                (false, Some(file)) => Version::PoisonedIf(file),
                (false, None) => Version::First,
            };
            demo::notes(&version, stdin().lock(), stdout().lock())?;
        }
        DemoServer::Weather => small_runtime()?.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            say::line(listener.local_addr()?);
            demo::weather(listener).await;
            anyhow::Ok(())
        })?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(folder: &Folder, keep: bool) -> anyhow::Result<bool> {
    let weather = Weather::start().await?;
    let shop = Shop::start().await?;
    let file = folder.path().join("portcullis.toml");
    std::fs::write(&file, configuration(folder.path(), weather.place(), &shop)?)?;
    let loaded = config::load(&file)?;
    let key = key(&House::open(loaded.clone())?)?;
    let live = Live::open(loaded).await?;
    let url = live.url()?;
    say::line(format_args!("A gate is running at {url}. Behind it:"));
    say::line("  notes    a program on this machine, MCP of the legacy era over stdio");
    say::line(format_args!(
        "  weather  a server at {}, MCP of the modern era over HTTP",
        weather.place()
    ));
    say::line(format_args!(
        "  shop     an HTTP API at {} that sells for play money, by L402 over Lightning\n",
        shop.place()
    ));
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(live.run(async move {
        let _ = stopped.await;
    }));
    let played = play(folder.path(), &url, &key, &shop).await;
    if keep && played.is_ok() {
        invite(&url, &key, &file);
        asked_to_end()?.await;
    }
    let _ = stop.send(());
    running.await??;
    weather.stop().await;
    let acts_good = played?;
    Ok(proof::verify(folder.path())? && acts_good)
}

async fn play(folder: &Path, url: &str, key: &str, shop: &Shop) -> anyhow::Result<bool> {
    let poison = folder.join("second-version");
    let mut told = tell;
    let sent = || shop.sent();
    let approve = |id: &str| approve(folder, id);
    let mut stage = Stage {
        url,
        key,
        poison: &poison,
        per_minute: PER_MINUTE,
        sent: &sent,
        approve: &approve,
        told: &mut told,
    };
    let acts = demo::play(&mut stage).await?;
    proof::records(folder)?;
    Ok(acts.iter().all(|act| act.good))
}

/// What an operator does with `portcullis approvals approve`.
fn approve(folder: &Path, id: &str) -> Result<(), String> {
    let which = Which {
        file: ConfigFile { config: folder.join("portcullis.toml") },
        id: id.to_owned(),
        operator: None,
    };
    let yes = approvals::Answer::Yes { keep: false, widen: false };
    // On a thread of its own: the command has a runtime of its own.
    let answered = std::thread::scope(|scope| {
        scope
            .spawn(|| super::approvals::answered(&which, yes).map(drop).map_err(|e| e.to_string()))
            .join()
    });
    answered.unwrap_or_else(|_| Err("the command broke off".to_owned()))
}

fn tell(act: &Act) {
    say::line(format_args!("{} {}", if act.good { "✓" } else { "✗" }, act.what));
    for said in &act.said {
        say::line(format_args!("    {}", audit::terminal_safe(said)));
    }
}

/// What the reader needs to come in with a client of their own.
fn invite(url: &str, key: &str, file: &Path) {
    let server = json!({ "url": url, "headers": { "Authorization": format!("Bearer {key}") } });
    let servers = json!({ "mcpServers": { "portcullis": server } });
    let shown = serde_json::to_string_pretty(&servers).unwrap_or_default();
    say::line(format_args!("\nThe gate goes on running. For a client of your own:\n{shown}"));
    say::line(format_args!(
        "\nTry `portcullis pins diff --config {}`. End with Ctrl-C.",
        file.display()
    ));
}
