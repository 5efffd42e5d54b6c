//! The process between gate and program. It has no runtime and does nothing but wait; a second thread sees what a
//! confined program is refused.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

use ambient::{Clock, Instant};
use nix::sys::signal::{SigSet, Signal as Sig};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, getpid, set_child_subreaper, setsid, wait,
};

use crate::confine::plan::{Plan, off};
use crate::confine::{group, temp, usage};
use crate::diary::Diary;
use crate::lookout::Lookout;
use crate::order::{Order, Report, read_exact};
use crate::{Limit, Limits, Seen, Wall, descriptors, handover, stage, tree};

/// What a tree gets between the polite signal and the other one when the gate is gone or the program ended by itself.
const GRACE: Duration = Duration::from_secs(1);
/// How often a tree that is being ended is looked at.
const TICK: Duration = Duration::from_millis(20);
/// How often what a tree uses is looked at, at most.
const LOOK: Duration = Duration::from_secs(1);
/// Looking takes no more than one part in so many of the time.
const SHARE: u32 = 50;
/// How many processes of its user a program may have besides its own limit, where no group counts its own: others that
/// the user starts meanwhile must not starve it.
const OF_USER: u64 = 1024;
/// The signal of the filter on system calls.
const SIGSYS: i32 = Sig::SIGSYS as i32;

/// Standard input is the socket to the gate.
pub(crate) fn run() -> ExitCode {
    let stdin = io::stdin();
    let control = stdin.as_fd();
    match supervise(control) {
        Ok(status) => status,
        Err(error) => {
            let _ = send(control, &Report::Failed(error.raw_os_error().unwrap_or(0)));
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
    let plan = Plan::read_words(&order.confine)
        .map_err(|_| io::Error::other("the confinement is malformed"))?;
    let plan = plan.map(|plan| counted(plan, &order.group));
    let outcome = watched(control, signals, &order, stdio, plan.as_ref());
    if let Some(group) = plan.and_then(|plan| plan.group) {
        group::clear(&group);
    }
    if !order.temp.is_empty() {
        // The gate tries again, and says so if it cannot either.
        let _ = temp::clear(Path::new(&order.temp));
    }
    let (report, seen) = outcome?;
    tell(control, &seen);
    let _ = send(control, &report);
    Ok(match report {
        Report::Exited(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        _ => ExitCode::FAILURE,
    })
}

/// Starts the program and waits until nothing of its tree is left.
fn watched(
    control: BorrowedFd<'_>,
    signals: SignalFd,
    order: &Order,
    stdio: [OwnedFd; 3],
    plan: Option<&Plan>,
) -> io::Result<(Report, Seen)> {
    let (main, socket) = start(order, plan, stdio)?;
    let clock = Clock::system();
    let diary = Arc::new(Diary::new(control, clock.clone())?);
    let lookout = match (plan, socket) {
        (Some(plan), Some(socket)) => Some(Lookout::begin(socket, plan, main, diary.clone())?),
        _ => None,
    };
    let _ = send(control, &Report::Started(main.as_raw_nonzero().get()));
    let mut watch = Watch {
        control,
        signals,
        main,
        diary,
        next_look: clock.instant(),
        clock,
        limits: plan.map(|plan| plan.limits),
        group: plan.and_then(|plan| plan.group.clone()),
        ended: None,
        seen: Seen::default(),
        end: End::Not,
        open: true,
    };
    let report = watch.run()?;
    if let Some(lookout) = lookout {
        lookout.end();
    }
    Ok((report, watch.seen))
}

/// The plan, with something that counts processes: a group of its own, or for ordinary users their own count.
fn counted(mut plan: Plan, tag: &str) -> Plan {
    plan.group = group::make(tag, plan.limits.processes);
    if plan.group.is_none() {
        let most = usage::tasks_of_user() + u64::from(plan.limits.processes) + OF_USER;
        plan.of_user = Some(most);
    }
    plan
}

/// Reports what was seen; nothing, if there is nothing to tell.
fn tell(control: BorrowedFd<'_>, seen: &Seen) {
    let count = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    if let Some(limit) = seen.over {
        let _ = send(control, &Report::Over(limit.number()));
    }
    if seen.left_behind > 0 {
        let _ = send(control, &Report::Left(count(seen.left_behind)));
    }
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

/// Starts the stage that becomes the program. Its ends of the pipes are the only ones left when this returns. For one
/// that is confined, also returns the socket over which its listener comes.
#[expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "this is the door")]
fn start(
    order: &Order,
    plan: Option<&Plan>,
    [stdin, stdout, stderr]: [OwnedFd; 3],
) -> io::Result<(Pid, Option<OwnedFd>)> {
    let confinement = plan.map_or_else(off, Plan::words);
    let (stdin, socket) = if plan.is_some() {
        let (ours, theirs) = handover::pair()?;
        handover::give(&ours, Some(stdin.as_fd()))?;
        (theirs, Some(ours))
    } else {
        (stdin, None)
    };
    let child = std::process::Command::new("/proc/self/exe")
        .arg0("portcullis")
        .args([stage::START, &getpid().as_raw_nonzero().get().to_string()])
        .arg(confinement.len().to_string())
        .args(confinement)
        .args(&order.command)
        .env_clear()
        .envs(order.env.iter().map(|(name, value)| (name, value)))
        .current_dir(&order.dir)
        .stdin(Stdio::from(stdin))
        .stdout(Stdio::from(stdout))
        .stderr(Stdio::from(stderr))
        .spawn()?;
    Ok((Pid::from_child(&child), socket))
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
    diary: Arc<Diary>,
    clock: Clock,
    /// When the tree is looked at next, if it is confined.
    next_look: Instant,
    limits: Option<Limits>,
    /// What counts its processes.
    group: Option<PathBuf>,
    seen: Seen,
    /// How the program ended, once it has.
    ended: Option<Report>,
    end: End,
    /// Whether the gate still holds its end of the socket.
    open: bool,
}

impl Watch<'_> {
    /// Waits until nothing of the tree is left.
    fn run(&mut self) -> io::Result<Report> {
        loop {
            let had_ended = self.ended.is_some();
            let left = self.reap();
            if let (Some(report), false) = (self.ended.clone(), left) {
                self.note_refusals();
                return Ok(report);
            }
            if self.ended.is_some() {
                if !had_ended && matches!(self.end, End::Not) {
                    let left = tree::descendants(getpid()).len();
                    self.seen.left_behind = u32::try_from(left).unwrap_or(u32::MAX);
                }
                self.ask(GRACE);
            }
            self.look();
            if let End::Asked(until) = self.end
                && self.clock.instant() >= until
            {
                // What a group refuses from here on is no attempt of the program's own.
                self.note_refusals();
                self.group.as_deref().into_iter().for_each(group::close);
                tree::signal(getpid(), Signal::KILL);
            }
            self.wait()?;
        }
    }

    /// Collects what has ended, orphans included; `false` once there are no children at all.
    fn reap(&mut self) -> bool {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) => {
                    if status.terminating_signal() == Some(SIGSYS) {
                        self.diary.refused(Wall::Forbidden, "the kernel has not said which");
                    }
                    if pid == self.main {
                        self.ended = Some(report(status));
                    }
                }
                Err(rustix::io::Errno::INTR) => {}
                Ok(None) => return true,
                Err(_) => {
                    // No children: should the program's own end have been missed, this is it.
                    self.ended.get_or_insert(Report::Exited(0));
                    return false;
                }
            }
        }
    }

    /// Ends a tree that uses more than it may.
    fn look(&mut self) {
        let now = self.clock.instant();
        let Some(limits) = self.limits else { return };
        if now < self.next_look || matches!(self.end, End::Asked(_)) {
            return;
        }
        let used = usage::of(&tree::descendants(getpid()));
        let took = self.clock.instant().since(now);
        self.next_look = after(now, LOOK.max(took.saturating_mul(SHARE)));
        let over = if used.tasks > u64::from(limits.processes) {
            Limit::Processes
        } else if used.memory > limits.memory {
            Limit::Memory
        } else {
            return;
        };
        self.seen.over = Some(over);
        self.ask(Duration::ZERO);
    }

    /// Asks the group whether it had to refuse anything.
    fn note_refusals(&mut self) {
        if self.seen.over.is_none() && self.group.as_deref().is_some_and(group::was_full) {
            self.seen.over = Some(Limit::Processes);
        }
    }

    /// Asks the tree to end, once; a later, shorter grace shortens the first.
    fn ask(&mut self, grace: Duration) {
        let until = after(self.clock.instant(), grace);
        self.end = match self.end {
            End::Asked(earlier) => End::Asked(earlier.min(until)),
            End::Not => {
                tree::signal(getpid(), Signal::TERM);
                End::Asked(until)
            }
        };
    }

    /// Sleeps until the gate says something, a signal arrives, it is time to look at the tree or, while that is ending,
    /// for a tick.
    fn wait(&mut self) -> io::Result<()> {
        let pause = match (self.end, self.limits) {
            (End::Asked(_), _) => Some(TICK),
            (End::Not, Some(_)) => Some(self.next_look.since(self.clock.instant()).max(TICK)),
            (End::Not, None) => None,
        };
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

fn after(now: Instant, pause: Duration) -> Instant {
    Instant(now.0.saturating_add(u64::try_from(pause.as_nanos()).unwrap_or(u64::MAX)))
}

fn report(status: WaitStatus) -> Report {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Report::Exited(code),
        (None, Some(signal)) => Report::Killed(signal),
        (None, None) => Report::Exited(0),
    }
}

/// Reports to the gate, which may be gone.
fn send(control: BorrowedFd<'_>, report: &Report) -> io::Result<()> {
    let bytes = report.encode();
    let sent = rustix::net::send(control, &bytes, rustix::net::SendFlags::NOSIGNAL)?;
    if sent == bytes.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
}
