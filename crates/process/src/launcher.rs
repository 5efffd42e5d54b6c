use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as Socket;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use tokio::net::UnixStream;
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use crate::keeper::{self, Keeper};
use crate::order::{MAX_ORDER, Order, Report};
use crate::{
    Caps, Child, Children, Handle, Lines, SpawnError, Spec, Stderr, Stdin, environment, program,
    stage,
};

/// Starts programs: the only thing that does.
#[derive(Debug, Clone)]
pub struct Launcher {
    binary: PathBuf,
    inherited: Vec<(String, String)>,
    children: Arc<Children>,
    clock: Clock,
    max_line: usize,
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
        }
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
        spec.check()?;
        if !spec.dir.is_dir() {
            return Err(SpawnError::Directory { dir: spec.dir.clone() });
        }
        let environment = environment::compose(&self.inherited, &spec.env);
        let name = spec.command.first().ok_or(SpawnError::Empty)?;
        program::find(name, environment::path(&environment))
    }

    /// Starts a program.
    ///
    /// # Errors
    /// See [`SpawnError`]. That the file cannot be executed after all shows as an early exit with status 126 or 127.
    pub async fn spawn(&self, spec: &Spec) -> Result<Child, SpawnError> {
        let order = self.order(spec)?;
        let slot = self.children.reserve(&spec.source)?;
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
        tokio::spawn(Keeper { control, supervisor, stops, exit: exited, slot }.run());
        let stderr = self.follow(spec, pipes.stderr);
        Ok(Child {
            stdin: Stdin::new(pipes.stdin),
            stdout: Lines::new(pipes.stdout, self.max_line),
            handle: Handle { source: spec.source.clone(), pid, stops: stop, exit, stderr },
        })
    }

    fn order(&self, spec: &Spec) -> Result<Vec<u8>, SpawnError> {
        let file = self.check(spec)?;
        let text = |what: &'static str, path: PathBuf| {
            let not_utf8 =
                |_| SpawnError::System { what, error: io::ErrorKind::InvalidFilename.into() };
            path.into_os_string().into_string().map_err(not_utf8)
        };
        let mut command = vec![text("the program's path", file)?];
        command.extend(spec.command.iter().cloned());
        let env = environment::compose(&self.inherited, &spec.env);
        let dir = text("the working directory", spec.dir.clone())?;
        let bytes = Order { dir, command, env }.encode();
        if bytes.len() > MAX_ORDER {
            return Err(SpawnError::TooLong { bytes: bytes.len(), limit: MAX_ORDER });
        }
        Ok(bytes)
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
