//! Sees what a confined program tries and is refused.
//!
//! The filter on system calls asks about every call that reaches for a file, and about those that are refused. The first
//! go on in any case: Landlock judges them, and here it is only worked out whether it will refuse, for it tells nobody.
//! The others are refused here, and should nobody be here to do so, by the kernel. What stands in a program's memory may
//! be another path a moment later; that can mislead what is written down, never what is let through.

mod asked;
mod bounds;
mod memory;
mod place;

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use nix::libc;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use unotify::{Listener, Question};

use crate::confine::calls::{Kind, kind};
use crate::confine::plan::Plan;
use crate::diary::{Blind, Diary};
use crate::handover;
use crate::refused::Wall;
use asked::{Asked, asked};
use bounds::{Bounds, is_usual};
use memory::Unread;
use place::Place;

/// How long the last of what was seen is waited for when the program is gone.
const PATIENCE: Duration = Duration::from_secs(1);

/// A thread that sees what one program and all that comes from it try.
pub(crate) struct Lookout {
    over: mpsc::Receiver<()>,
}

impl Lookout {
    /// Begins to look: at the program `main`, once it has handed over its listener through `from`.
    pub(crate) fn begin(
        from: OwnedFd,
        plan: &Plan,
        main: Pid,
        diary: Arc<Diary>,
    ) -> io::Result<Self> {
        let bounds = Bounds::new(plan, main);
        let (done, over) = mpsc::channel();
        thread::Builder::new().name("lookout".into()).spawn(move || {
            match handover::take(&from) {
                Ok(Some(listener)) => {
                    let watcher = Watcher { listener: listener.into(), bounds, diary };
                    if watcher.run().is_err() {
                        watcher.diary.blind(Blind::NoListener);
                    }
                }
                Ok(None) => diary.blind(Blind::NoListener),
                // It has not become the program, and says why itself.
                Err(_) => {}
            }
            drop(done);
        })?;
        Ok(Self { over })
    }

    /// Waits until all that was seen is told. Nothing that could ask is left.
    pub(crate) fn end(self) {
        let _ = self.over.recv_timeout(PATIENCE);
    }
}

struct Watcher {
    listener: Listener,
    bounds: Bounds,
    diary: Arc<Diary>,
}

impl Watcher {
    /// Answers until nobody is left who could ask. Ending earlier leaves the program with calls that fail.
    fn run(&self) -> io::Result<()> {
        // All that are there are heard before one is answered: until it is heard, a signal interrupts whoever asks.
        let mut heard = VecDeque::new();
        loop {
            match self.ready(heard.is_empty()) {
                Ok(true) => match self.listener.hear() {
                    Ok(question) => heard.push_back(question),
                    Err(e) if [libc::ENOENT, libc::EINTR].map(Some).contains(&e.raw_os_error()) => {
                    }
                    Err(e) => return Err(e),
                },
                Ok(false) => match heard.pop_front() {
                    Some(question) => self.answer(&question),
                    None => return Ok(()),
                },
                Err(Errno::INTR) => {}
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// Whether there is a question, waiting for one if wanted. Without, nobody is left who could ask.
    fn ready(&self, wait: bool) -> Result<bool, Errno> {
        let mut fds = [PollFd::new(&self.listener, PollFlags::IN)];
        let now = Timespec::default();
        poll(&mut fds, (!wait).then_some(&now))?;
        Ok(fds[0].revents().contains(PollFlags::IN))
    }

    fn answer(&self, question: &Question) {
        let (kind, name) = kind(question.call);
        match kind {
            Kind::File => self.look(question),
            Kind::Deadly => self.end(question, name),
            Kind::Socket => self.refuse(question, Wall::Socket, &socket(question, name)),
            Kind::Refused => self.refuse(question, Wall::Call, name),
        }
    }

    /// Lets it go on, and tells what Landlock will refuse of it.
    fn look(&self, question: &Question) {
        let found = self.refused(question);
        // Nobody waiting any more means that the call was not made: if it is made again, it asks again.
        if self.listener.proceed(question).is_err() {
            return;
        }
        match found {
            Ok(refused) => refused
                .iter()
                .for_each(|(wall, path)| self.diary.refused(*wall, &path.to_string_lossy())),
            Err(Unread) => self.diary.blind(Blind::Memory),
        }
    }

    fn refuse(&self, question: &Question, wall: Wall, what: &str) {
        if self.listener.refuse(question, Errno::PERM).is_ok() {
            self.diary.refused(wall, what);
        }
    }

    /// Ends whoever asks. What cannot be ended is refused.
    fn end(&self, question: &Question, name: &str) {
        self.diary.refused(Wall::Forbidden, name);
        let process = question.thread.and_then(place::process);
        let process = process.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        // As long as it waits, this is the process that asked and no later one with its number.
        let process = process.filter(|_| self.listener.waits(question));
        if process.is_none_or(|process| pidfd_send_signal(process, Signal::KILL).is_err()) {
            let _ = self.listener.refuse(question, Errno::PERM);
        }
    }

    /// What of a call will be refused: the wall, and the path it is about.
    fn refused(&self, question: &Question) -> Result<Option<(Wall, PathBuf)>, Unread> {
        let Some(thread) = question.thread else { return Err(Unread) };
        let number = |address| memory::number(thread, address);
        for asked in asked(question.call, question.arguments, number)?.into_iter().flatten() {
            if let Some(found) = self.judge(thread, &asked)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn judge(&self, thread: Pid, asked: &Asked) -> Result<Option<(Wall, PathBuf)>, Unread> {
        let Some(path) = memory::path(thread, asked.path)? else { return Ok(None) };
        let found = place::find(thread, asked.base, Path::new(&path), asked.follow);
        let Some(Place { path, there }) = found else { return Ok(None) };
        let need = if there { asked.there } else { asked.missing };
        let refused =
            need.filter(|need| !self.bounds.allow(*need, &path) && !is_usual(*need, &path));
        Ok(refused.map(|need| (need.wall(), path)))
    }
}

/// What a call on sockets is about.
fn socket(question: &Question, name: &str) -> String {
    let family = i32::try_from(question.arguments[0]).unwrap_or(-1);
    if question.call != libc::SYS_socket {
        return name.to_owned();
    }
    match family {
        libc::AF_UNIX => "a local one".to_owned(),
        libc::AF_INET => "IPv4".to_owned(),
        libc::AF_INET6 => "IPv6".to_owned(),
        libc::AF_NETLINK => "netlink".to_owned(),
        other => format!("family {other}"),
    }
}
