//! The process between gate and program. One thread, no runtime; it does nothing but wait.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use ambient::{Clock, Instant};
use nix::sys::signal::{SigSet, Signal as Sig};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, getpid, set_child_subreaper, setsid, wait,
};

use crate::order::{Order, Report, read_exact};
use crate::{descriptors, stage, tree};

/// What a tree gets between the polite signal and the other one when the gate is gone or the program ended by itself.
const GRACE: Duration = Duration::from_secs(1);
/// How often a tree that is being ended is looked at.
const TICK: Duration = Duration::from_millis(20);

/// Standard input is the socket to the gate.
pub(crate) fn run() -> ExitCode {
    let stdin = io::stdin();
    let control = stdin.as_fd();
    match supervise(control) {
        Ok(status) => status,
        Err(error) => {
            let _ = send(control, Report::Failed(error.raw_os_error().unwrap_or(0)));
            ExitCode::FAILURE
        }
    }
}

fn supervise(control: BorrowedFd<'_>) -> io::Result<ExitCode> {
    descriptors::close_inherited()?;
    // A session of its own: signals from a terminal are the gate's to judge.
    setsid()?;
    set_child_subreaper(Some(getpid()))?;
    let signals = signals()?;
    let (order, stdio) = Order::receive(control)?;
    let main = start(&order, stdio)?;
    drop(order);
    let _ = send(control, Report::Started(main.as_raw_nonzero().get()));
    let report = Watch {
        control,
        signals,
        main,
        clock: Clock::system(),
        ended: None,
        end: End::Not,
        open: true,
    }
    .run()?;
    let _ = send(control, report);
    Ok(match report {
        Report::Exited(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        _ => ExitCode::FAILURE,
    })
}

/// Signals become something to poll for. Asked to end from outside, the supervisor ends its tree first.
fn signals() -> io::Result<SignalFd> {
    let mut set = SigSet::empty();
    for signal in [Sig::SIGCHLD, Sig::SIGTERM, Sig::SIGINT, Sig::SIGHUP, Sig::SIGQUIT] {
        set.add(signal);
    }
    set.thread_block()?;
    Ok(SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?)
}

/// Starts the stage that becomes the program. Its ends of the pipes are the only ones left when this returns.
#[expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "this is the door")]
fn start(order: &Order, [stdin, stdout, stderr]: [OwnedFd; 3]) -> io::Result<Pid> {
    let child = std::process::Command::new("/proc/self/exe")
        .arg0("portcullis")
        .args([stage::START, &getpid().as_raw_nonzero().get().to_string()])
        .args(&order.command)
        .env_clear()
        .envs(order.env.iter().map(|(name, value)| (name, value)))
        .current_dir(&order.dir)
        .stdin(Stdio::from(stdin))
        .stdout(Stdio::from(stdout))
        .stderr(Stdio::from(stderr))
        .spawn()?;
    Ok(Pid::from_child(&child))
}

/// Where the end of a tree stands.
#[derive(Clone, Copy)]
enum End {
    Not,
    /// Asked politely; at this moment asking ends.
    Asked(Instant),
}

struct Watch<'a> {
    control: BorrowedFd<'a>,
    signals: SignalFd,
    main: Pid,
    clock: Clock,
    /// How the program ended, once it has.
    ended: Option<Report>,
    end: End,
    /// Whether the gate still holds its end of the socket.
    open: bool,
}

impl Watch<'_> {
    /// Waits until nothing of the tree is left.
    fn run(mut self) -> io::Result<Report> {
        loop {
            let left = self.reap();
            if let (Some(report), false) = (self.ended, left) {
                return Ok(report);
            }
            if self.ended.is_some() {
                self.ask(GRACE);
            }
            if let End::Asked(until) = self.end
                && self.clock.instant() >= until
            {
                tree::signal(getpid(), Signal::KILL);
            }
            self.wait()?;
        }
    }

    /// Collects what has ended, orphans included; `false` once there are no children at all.
    fn reap(&mut self) -> bool {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if pid == self.main => self.ended = Some(report(status)),
                Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
                Ok(None) => return true,
                Err(_) => {
                    // No children: should the program's own end have been missed, this is it.
                    self.ended.get_or_insert(Report::Exited(0));
                    return false;
                }
            }
        }
    }

    /// Asks the tree to end, once; a later, shorter grace shortens the first.
    fn ask(&mut self, grace: Duration) {
        let grace = u64::try_from(grace.as_nanos()).unwrap_or(u64::MAX);
        let until = Instant(self.clock.instant().0.saturating_add(grace));
        self.end = match self.end {
            End::Asked(earlier) => End::Asked(earlier.min(until)),
            End::Not => {
                tree::signal(getpid(), Signal::TERM);
                End::Asked(until)
            }
        };
    }

    /// Sleeps until the gate says something, a signal arrives or, while a tree is ending, for a tick.
    fn wait(&mut self) -> io::Result<()> {
        let pause = matches!(self.end, End::Asked(_)).then_some(TICK);
        let pause = pause.and_then(|d| Timespec::try_from(d).ok());
        let (from_gate, from_signals) = {
            let mut fds = vec![PollFd::new(&self.signals, PollFlags::IN)];
            if self.open {
                fds.push(PollFd::new(&self.control, PollFlags::IN));
            }
            match poll(&mut fds, pause.as_ref()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let any = |fd: Option<&PollFd<'_>>| fd.is_some_and(|fd| !fd.revents().is_empty());
            (any(fds.get(1)), any(fds.first()))
        };
        if from_signals {
            while let Ok(Some(signal)) = self.signals.read_signal() {
                if i32::try_from(signal.ssi_signo).ok() != Some(Sig::SIGCHLD as i32) {
                    self.ask(GRACE);
                }
            }
        }
        if from_gate {
            self.obey();
        }
        Ok(())
    }

    /// One stop from the gate: its grace in milliseconds. The end of the gate is a stop too.
    fn obey(&mut self) {
        let mut millis = [0; 4];
        if read_exact(self.control, &mut millis).is_ok() {
            self.ask(Duration::from_millis(u32::from_le_bytes(millis).into()));
        } else {
            self.open = false;
            self.ask(GRACE);
        }
    }
}

fn report(status: WaitStatus) -> Report {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Report::Exited(code),
        (None, Some(signal)) => Report::Killed(signal),
        (None, None) => Report::Exited(0),
    }
}

/// Reports to the gate, which may be gone.
fn send(control: BorrowedFd<'_>, report: Report) -> io::Result<()> {
    let sent = rustix::net::send(control, &report.encode(), rustix::net::SendFlags::NOSIGNAL)?;
    if sent == Report::LEN { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
}
