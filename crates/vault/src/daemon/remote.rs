use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ambient::{Clock, Instant};
use model::{Given, NoSecret, Secret, SecretName, Secrets, Usage};
use tokio::io::BufReader;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use super::line;
use super::message::{ANSWER, Answer, No, Request, Use};
use crate::vault::wanted;

/// How long the daemon may take for one secret.
const PATIENCE: Duration = Duration::from_secs(5);
/// The life that is asked for a token, and how long before its end it is not used any more.
const LIFETIME: u64 = 300;
const EARLY: Duration = Duration::from_secs(10);
/// Most tokens that are kept.
const TOKENS: usize = 4096;

/// A vault that a daemon holds. This process never has its key.
pub struct RemoteVault {
    socket: PathBuf,
    client: String,
    clock: Clock,
    tokens: Mutex<HashMap<SecretName, Held>>,
}

struct Held {
    token: String,
    since: Instant,
    life: Duration,
}

/// A conversation with the daemon.
struct Line {
    from: BufReader<OwnedReadHalf>,
    to: OwnedWriteHalf,
}

impl RemoteVault {
    /// The vault behind `socket`, asked for the configuration `client`: an absolute path, as the daemon was told it.
    pub fn new(socket: PathBuf, client: String, clock: Clock) -> Self {
        Self { socket, client, clock, tokens: Mutex::default() }
    }

    async fn ask(&self, name: &SecretName, usage: Usage<'_>) -> Result<Secret<String>, NoSecret> {
        let mut line = self.connect().await?;
        if let Some(token) = self.held(name) {
            match self.value(&mut line, token, name, usage).await? {
                // The token may be older than the last rotation: a new one tells.
                Err(No::Refused) => self.forget(name),
                answer => return answer.map_err(|why| self.no(why, name, usage)),
            }
        }
        let token = self.token(&mut line, name).await?;
        let answer = self.value(&mut line, token, name, usage).await?;
        answer.map_err(|why| self.no(why, name, usage))
    }

    async fn connect(&self) -> Result<Line, NoSecret> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the daemon's own client: a socket of this machine and user, no way out of it"
        )]
        let stream = UnixStream::connect(&self.socket).await.map_err(|e| self.away(&e))?;
        let daemon = stream.peer_cred().map_err(|e| self.away(&e))?.uid();
        if daemon != 0 && daemon != rustix::process::geteuid().as_raw() {
            let why = format!("{} is answered by user {daemon}", self.socket.display());
            return Err(NoSecret::Unavailable(why));
        }
        let (from, to) = stream.into_split();
        let mut line = Line { from: BufReader::new(from), to };
        let hello = Request::Hello { client: self.client.clone() };
        match self.say(&mut line, &hello).await? {
            Answer::Welcome {} => Ok(line),
            _ => Err(NoSecret::Unavailable(format!(
                "its daemon does not know the configuration {}: name it with `portcullis vault serve`",
                self.client
            ))),
        }
    }

    async fn token(&self, line: &mut Line, name: &SecretName) -> Result<String, NoSecret> {
        let request = Request::Token { names: vec![name.as_str().to_owned()], lifetime: LIFETIME };
        match self.say(line, &request).await? {
            Answer::Token { token, seconds } => {
                self.keep(name, &token, seconds);
                Ok(token)
            }
            Answer::No { why: No::Unavailable } => {
                Err(NoSecret::Unavailable("its daemon cannot read it".to_owned()))
            }
            _ => Err(NoSecret::Unavailable(format!(
                "its daemon refuses `{name}`: restart it if the configuration names it only now"
            ))),
        }
    }

    async fn value(
        &self,
        line: &mut Line,
        token: String,
        name: &SecretName,
        usage: Usage<'_>,
    ) -> Result<Result<Secret<String>, No>, NoSecret> {
        let usage = Use::of(usage).ok_or_else(|| NoSecret::NotFor(name.clone(), wanted(usage)))?;
        let request = Request::Secret { token, name: name.as_str().to_owned(), usage };
        match self.say(line, &request).await? {
            Answer::Value { value } => Ok(Ok(Secret::new(value))),
            Answer::No { why } => Ok(Err(why)),
            _ => Err(NoSecret::Unavailable("its daemon said something else".to_owned())),
        }
    }

    async fn say(&self, line: &mut Line, request: &Request) -> Result<Answer, NoSecret> {
        line::write(&mut line.to, request).await.map_err(|e| self.away(&e))?;
        let answer = line::read(&mut line.from, ANSWER).await.map_err(|e| self.away(&e))?;
        answer.ok_or_else(|| NoSecret::Unavailable("its daemon hung up".to_owned()))
    }

    fn no(&self, why: No, name: &SecretName, usage: Usage<'_>) -> NoSecret {
        self.forget(name);
        match why {
            No::Missing => NoSecret::Missing(name.clone()),
            No::NotFor => NoSecret::NotFor(name.clone(), wanted(usage)),
            No::Unavailable => NoSecret::Unavailable("its daemon cannot read it".to_owned()),
            No::Refused => NoSecret::Unavailable(format!("its daemon refused `{name}`")),
        }
    }

    fn away(&self, error: &io::Error) -> NoSecret {
        NoSecret::Unavailable(format!(
            "its daemon does not answer at {}: {error}",
            self.socket.display()
        ))
    }

    fn held(&self, name: &SecretName) -> Option<String> {
        let now = self.clock.instant();
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let held = tokens.get(name)?;
        (now.since(held.since) + EARLY < held.life).then(|| held.token.clone())
    }

    fn keep(&self, name: &SecretName, token: &str, seconds: u64) {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= TOKENS {
            tokens.clear();
        }
        let (since, life) = (self.clock.instant(), Duration::from_secs(seconds));
        tokens.insert(name.clone(), Held { token: token.to_owned(), since, life });
    }

    fn forget(&self, name: &SecretName) {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

impl Secrets for RemoteVault {
    fn secret<'a>(&'a self, name: &'a SecretName, usage: Usage<'a>) -> Given<'a> {
        Box::pin(async move {
            match tokio::time::timeout(PATIENCE, self.ask(name, usage)).await {
                Ok(answer) => answer,
                Err(_) => Err(NoSecret::Unavailable("its daemon takes too long".to_owned())),
            }
        })
    }
}
