use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::UnixStream as Socket;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ambient::Clock;
use tokio::net::UnixStream;
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use crate::confine::plan::{self, Ground, Plan};
use crate::confine::{cache_variables, temp};
use crate::keeper::{self, Keeper, Remains};
use crate::order::{MAX_ORDER, Order, Report};
use crate::{
    Caps, Child, Children, Confine, Handle, Lines, Reach, Seen, SpawnError, Spec, Stderr, Stdin,
    Support, environment, fetches_programs, program, stage,
};

/// Starts programs: the only thing that does.
#[derive(Debug, Clone)]
pub struct Launcher {
    binary: PathBuf,
    inherited: Vec<(String, String)>,
    children: Arc<Children>,
    clock: Clock,
    max_line: usize,
    withheld: Vec<PathBuf>,
    cache: Option<PathBuf>,
    support: Arc<OnceLock<Support>>,
}

/// A start, prepared: nothing has been made or started yet.
struct Prepared {
    file: PathBuf,
    env: Vec<(String, String)>,
    plan: Option<Plan>,
    cache: Option<PathBuf>,
}

/// How long a supervisor may take to report that the program is started.
const START: Duration = Duration::from_secs(10);

impl Launcher {
    /// A launcher whose supervisors are this very binary, even if its file was replaced since.
    pub fn new(caps: Caps, clock: Clock) -> Self {
        Self {
            binary: PathBuf::from("/proc/self/exe"),
            inherited: environment::inherited(),
            children: Children::new(caps),
            clock,
            max_line: 16 << 20,
            withheld: Vec::new(),
            cache: None,
            support: Arc::default(),
        }
    }

    /// Folders and files that no confinement may open: the gate's own keys, records and settings.
    #[must_use]
    pub fn with_withheld(mut self, paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let real = |path: PathBuf| path.canonicalize().unwrap_or(path);
        self.withheld = paths.into_iter().map(real).collect();
        self
    }

    /// A folder in which each source whose program fetches what it runs gets one of its own, to keep it in.
    #[must_use]
    pub fn with_cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache = Some(folder.into());
        self
    }

    /// How far this machine can confine programs.
    pub fn support(&self) -> &Support {
        self.support.get_or_init(Support::of_this_machine)
    }

    /// Uses another binary, whose `main` begins with [`crate::take_over`], for supervisors.
    #[must_use]
    pub fn with_binary(mut self, binary: impl Into<PathBuf>) -> Self {
        self.binary = binary.into();
        self
    }

    /// Longest line a child may write, in bytes; 16 MiB unless told.
    #[must_use]
    pub const fn with_max_line(mut self, max: usize) -> Self {
        self.max_line = max;
        self
    }

    /// Who is running.
    pub const fn children(&self) -> &Arc<Children> {
        &self.children
    }

    /// Whether `spec` could be started: everything [`Launcher::spawn`] looks at before it starts anything. Returns the
    /// file that would be run.
    ///
    /// # Errors
    /// What the operator has to mend.
    pub fn check(&self, spec: &Spec) -> Result<PathBuf, SpawnError> {
        Ok(self.prepare(spec)?.file)
    }

    /// What a program would reach; `None` if it is not to be confined.
    ///
    /// # Errors
    /// As for [`Launcher::check`].
    pub fn planned(&self, spec: &Spec) -> Result<Option<Reach>, SpawnError> {
        Ok(self.prepare(spec)?.plan.map(Plan::reach))
    }

    fn prepare(&self, spec: &Spec) -> Result<Prepared, SpawnError> {
        spec.check()?;
        if !spec.dir.is_dir() {
            return Err(SpawnError::Directory { dir: spec.dir.clone() });
        }
        let env = environment::compose(&self.inherited, &spec.env);
        let name = spec.command.first().ok_or(SpawnError::Empty)?;
        let file = program::find(name, environment::path(&env))?;
        let is_confined = spec.confine != Confine::Off;
        if let (true, Some(why)) = (is_confined, self.support().refused) {
            return Err(SpawnError::Unconfinable { why });
        }
        let cache = self.cache.as_deref().filter(|_| is_confined && fetches_programs(name));
        let cache = cache.map(|base| base.join(spec.source.as_str()));
        let home = env.iter().find(|(n, _)| n == "HOME").map(|(_, v)| PathBuf::from(v));
        let ground = Ground {
            command: &spec.command,
            file: &file,
            dir: &spec.dir,
            path: environment::path(&env),
            home: home.as_deref(),
            withheld: &self.withheld,
            cache: cache.as_deref(),
        };
        let plan = Plan::new(&spec.confine, &ground)?;
        Ok(Prepared { file, env, plan, cache })
    }

    /// Starts a program.
    ///
    /// # Errors
    /// See [`SpawnError`]. That the file cannot be executed after all shows as an early exit with status 126 or 127.
    pub async fn spawn(&self, spec: &Spec) -> Result<Child, SpawnError> {
        let prepared = self.prepare(spec)?;
        let slot = self.children.reserve(&spec.source)?;
        let mut remains = Remains::default();
        let order = self.order(spec, prepared, &mut remains)?;
        let pipes = Pipes::new().map_err(SpawnError::system("making pipes"))?;
        let (control, theirs) = Socket::pair().map_err(SpawnError::system("making a socket"))?;
        let supervisor = self.supervisor(spec, theirs)?;
        let [stdin, stdout, stderr] = &pipes.theirs;
        Order::send(&order, &control, [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()])
            .map_err(SpawnError::system("giving the supervisor its order"))?;
        drop(pipes.theirs);
        let mut control = into_tokio(control).map_err(SpawnError::system("using the socket"))?;
        let pid = match timeout(START, keeper::report(&mut control)).await {
            Ok(Some(Report::Started(pid))) => pid,
            Ok(Some(Report::Failed(errno))) => {
                let error = io::Error::from_raw_os_error(errno);
                return Err(SpawnError::System { what: "starting the program", error });
            }
            _ => return Err(SpawnError::NoReport),
        };
        let (stop, stops) = mpsc::channel(4);
        let (exited, exit) = watch::channel(None);
        let (seeing, seen) = watch::channel(Seen::default());
        let source = spec.source.clone();
        let stderr = self.follow(spec, pipes.stderr);
        let keeper = Keeper {
            source,
            control,
            supervisor,
            stops,
            exit: exited,
            seen: seeing,
            stderr: stderr.clone(),
            slot,
            remains,
        };
        tokio::spawn(keeper.run());
        Ok(Child {
            stdin: Stdin::new(pipes.stdin),
            stdout: Lines::new(pipes.stdout, self.max_line),
            handle: Handle { source: spec.source.clone(), pid, stops: stop, exit, seen, stderr },
        })
    }

    /// Makes what the program is to find, and says what is to be started. What was made is in `remains`.
    fn order(
        &self,
        spec: &Spec,
        prepared: Prepared,
        remains: &mut Remains,
    ) -> Result<Vec<u8>, SpawnError> {
        let Prepared { file, mut env, plan, cache } = prepared;
        let mut command = vec![text("the program's path", &file)?];
        command.extend(spec.command.iter().cloned());
        let dir = text("the working directory", &spec.dir)?;
        let (mut temp, mut group) = (String::new(), String::new());
        let confine = match plan {
            None => plan::off(),
            Some(mut plan) => {
                if let Some(cache) = cache {
                    make_folder(&cache).map_err(SpawnError::system("making its cache"))?;
                    for (name, value) in cache_variables(&text("the cache", &cache)?) {
                        environment::provide(&mut env, &spec.env, name, &value);
                    }
                }
                group = tag()?;
                remains.group = Some(group.clone());
                let folder = self.temp(&group)?;
                remains.temp = Some(folder.clone());
                temp = text("its temporary folder", &folder)?;
                environment::provide(&mut env, &spec.env, "TMPDIR", &temp);
                plan.temp = Some(folder);
                plan.words()
            }
        };
        let bytes = Order { dir, command, env, confine, temp, group }.encode();
        if bytes.len() > MAX_ORDER {
            return Err(SpawnError::TooLong { bytes: bytes.len(), limit: MAX_ORDER });
        }
        Ok(bytes)
    }

    /// A new folder where the gate's own temporary files would be.
    fn temp(&self, tag: &str) -> Result<PathBuf, SpawnError> {
        let base = self.inherited.iter().find(|(name, _)| name == "TMPDIR");
        let base = base.map_or("/tmp", |(_, value)| value);
        temp::make(Path::new(base), tag).map_err(SpawnError::system("making its temporary folder"))
    }

    /// Starts the supervisor: nothing in its environment, nowhere in particular, the socket as its input.
    #[expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "this is the door")]
    fn supervisor(
        &self,
        spec: &Spec,
        control: Socket,
    ) -> Result<tokio::process::Child, SpawnError> {
        tokio::process::Command::new(&self.binary)
            .arg0("portcullis")
            .args([stage::SUPERVISE, spec.source.as_str()])
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(control)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(SpawnError::system("starting the supervisor"))
    }

    fn follow(&self, spec: &Spec, from: Receiver) -> Arc<Stderr> {
        let stderr = Arc::new(Stderr::new(spec.source.clone(), &spec.env));
        let (log, clock) = (stderr.clone(), self.clock.clone());
        tokio::spawn(async move { log.follow(from, &clock).await });
        stderr
    }
}

fn text(what: &'static str, path: &Path) -> Result<String, SpawnError> {
    let not_utf8 = || SpawnError::System { what, error: io::ErrorKind::InvalidFilename.into() };
    path.to_str().map(str::to_owned).ok_or_else(not_utf8)
}

/// A name that nobody can guess, for what belongs to one child.
fn tag() -> Result<String, SpawnError> {
    let mut tag = [0; 8];
    ambient::random(&mut tag)
        .map_err(|e| SpawnError::system("finding a name")(io::Error::other(e.to_string())))?;
    Ok(format!("portcullis-{:016x}", u64::from_be_bytes(tag)))
}

/// A folder for its owner alone, where there is none yet.
fn make_folder(path: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Both ends of a child's standard streams.
struct Pipes {
    stdin: Sender,
    stdout: Receiver,
    stderr: Receiver,
    theirs: [OwnedFd; 3],
}

impl Pipes {
    fn new() -> io::Result<Self> {
        let (their_stdin, stdin) = io::pipe()?;
        let (stdout, their_stdout) = io::pipe()?;
        let (stderr, their_stderr) = io::pipe()?;
        Ok(Self {
            stdin: Sender::from_owned_fd(stdin.into())?,
            stdout: Receiver::from_owned_fd(stdout.into())?,
            stderr: Receiver::from_owned_fd(stderr.into())?,
            theirs: [their_stdin.into(), their_stdout.into(), their_stderr.into()],
        })
    }
}

fn into_tokio(socket: Socket) -> io::Result<UnixStream> {
    socket.set_nonblocking(true)?;
    UnixStream::from_std(socket)
}
