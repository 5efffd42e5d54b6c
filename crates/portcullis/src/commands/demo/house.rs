use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use anyhow::Context as _;
use demo::Ledger;
use identity::{Grant, new_key};
use model::{Role, SourceName, TenantId, Timestamp};
use process::{Caps, Child, Confine, Grants, Launcher, Spec};
use serde_json::Value;
use store::Keys as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::commands::keys::row;
use crate::house::House;

/// Calls of one tool that the demonstration allows in a minute.
pub const PER_MINUTE: u32 = 6;

/// A folder for everything the demonstration keeps; it goes when this is dropped.
pub struct Folder(Option<PathBuf>);

impl Folder {
    /// A new one, for its owner alone.
    pub fn new() -> anyhow::Result<Self> {
        let mut tag = [0; 8];
        ambient::random(&mut tag)?;
        let name = format!("portcullis-demo-{:016x}", u64::from_be_bytes(tag));
        let path = std::env::temp_dir().join(name);
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(Some(path)))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.as_deref().unwrap_or(Path::new(""))
    }

    /// Lets it stay.
    pub fn leave(mut self) -> PathBuf {
        self.0.take().unwrap_or_default()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = std::fs::remove_dir_all(path);
        }
    }
}

/// The weather server, running.
pub struct Weather {
    child: Child,
    place: String,
}

impl Weather {
    /// Starts it, and waits until it says where it listens.
    pub async fn start() -> anyhow::Result<Self> {
        let launcher = Launcher::new(Caps::default(), Clock::system());
        let spec = Spec {
            source: SourceName::new("weather")?,
            command: vec![this_program()?, "__demo".to_owned(), "weather".to_owned()],
            env: Vec::new(),
            dir: PathBuf::from("/"),
            // It answers over the network: that is what it is there for.
            confine: Confine::On(Grants { network: true, ..Grants::default() }),
        };
        let mut child = launcher.spawn(&spec).await?;
        let line = child.stdout.next().await?.context("the weather server did not start")?;
        let place = String::from_utf8_lossy(&line).trim().to_owned();
        Ok(Self { child, place })
    }

    /// Its address, as `host:port`.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Ends it.
    pub async fn stop(self) {
        self.child.stop(Duration::from_millis(200)).await;
    }
}

fn this_program() -> anyhow::Result<String> {
    let path = std::env::current_exe()?.into_os_string();
    path.into_string().map_err(|_| anyhow::anyhow!("the path of this program is no text"))
}

/// The shop and its wallet, running within this program: what it has sold stays known to whoever shows the wallet's books.
pub struct Shop {
    ledger: Arc<Ledger>,
    place: String,
    serving: JoinHandle<()>,
}

impl Shop {
    /// Starts it.
    pub async fn start() -> anyhow::Result<Self> {
        let ledger = Arc::new(Ledger::new(Clock::system())?);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let place = listener.local_addr()?.to_string();
        let serving = tokio::spawn(demo::shop(listener, ledger.clone()));
        Ok(Self { ledger, place, serving })
    }

    /// Its address, as `host:port`.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What its wallet has sent, in satoshi, by the wallet's own books.
    pub fn sent(&self) -> u64 {
        self.ledger.sent()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The configuration of the demonstration.
pub fn configuration(folder: &Path, weather: &str, shop: &Shop) -> anyhow::Result<String> {
    let place = shop.place();
    let node = shop.ledger.node(0);
    std::fs::write(folder.join("shop.yaml"), demo::description(place))?;
    let text = |value: &str| Value::String(value.to_owned()).to_string();
    let flag = folder.join("second-version");
    let command = [&this_program()?, "__demo", "notes", "--poisoned-if", &flag.to_string_lossy()];
    let command: Vec<String> = command.iter().map(|word| text(word)).collect();
    Ok(format!(
        r#"# Made by `portcullis demo`.
[server]
listen = "127.0.0.1:0"

[admin]
enabled = false

[[source]]
name = "notes"
mcp = {{ command = [{}] }}
effects = {{ search_notes = "read", add_note = "write", delete_all = "destructive" }}

[[source]]
name = "weather"
mcp = {{ url = "http://{weather}/mcp" }}
private = ["{weather}"]
effects = {{ forecast = "read" }}

[[source]]
name = "shop"
openapi = {{ spec = "shop.yaml" }}
private = ["{place}"]
effects = {{ "*" = "read" }}

[payments]
origins = ["http://{place}"]
private = ["{place}"]
ask-above = "50 sat"

[payments.lightning]
network = "regtest"
pin-nodes = true
wallet = {{ lnbits = {{ url = "http://{place}", key = "{key}" }} }}

[[payments.pin]]
origin = "http://{place}"
tool = "shop__market_report"
payee = "{node}"
price = "10 sat"

[[payments.pin]]
origin = "http://{place}"
tool = "shop__news"
payee = "{node}"
price = "10 sat"

[[payments.pin]]
origin = "http://{place}"
tool = "shop__archive"
payee = "{node}"
price = "100 sat"

[[payments.pin]]
origin = "http://{place}"
tool = "shop__company"
payee = "{node}"
price = "5000 sat"

[[budget]]
per = "agent"
window = "24h"
limit = "500 sat"

[policy]
rules = {{ "notes__add_note" = "allow" }}

[limits]
per-tool = "{PER_MINUTE}/min"

[audit]
arguments = "masked"
"#,
        command.join(", "),
        key = demo::WALLET_KEY,
    ))
}

/// A key for the agent of the play.
pub fn key(house: &House) -> anyhow::Result<String> {
    let now = Timestamp(house.clock.now_millis());
    let grant = Grant {
        principal: identity::principal_id("demo-agent")?,
        tenant: TenantId::new("default"),
        role: Role::Agent,
        scopes: Vec::new(),
        expires: Some(now.after(Duration::from_hours(24))),
    };
    let key = new_key(grant, now)?;
    house.store.insert_key(&row(&key.row, "made by the demonstration"))?;
    Ok(key.secret.reveal().clone())
}
