use std::thread::{self, JoinHandle};

use nix::libc;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{getpgid, getsid};
use rustix::thread::{gettid, set_no_new_privs};

use super::*;

/// Loads the number of the call; asks if it is this one, allows all others.
fn about(call: i64) -> [Instruction; 4] {
    let number = u32::try_from(call).unwrap();
    [
        Instruction(0x20, 0, 0, 0),
        Instruction(0x15, 0, 1, number),
        Instruction(0x06, 0, 0, ASK),
        Instruction(0x06, 0, 0, libc::SECCOMP_RET_ALLOW),
    ]
}

/// A thread whose calls of this number are asked about, and which then does something.
fn asking<T: Send + 'static>(
    call: i64,
    what: impl FnOnce() -> T + Send + 'static,
) -> (Listener, JoinHandle<T>, Pid) {
    let (sender, receiver) = std::sync::mpsc::channel();
    let thread = thread::spawn(move || {
        set_no_new_privs(true).unwrap();
        sender.send((install(&about(call)).unwrap(), gettid())).unwrap();
        what()
    });
    let (listener, tid) = receiver.recv().unwrap();
    (listener, thread, tid)
}

fn ready(listener: &Listener) -> PollFlags {
    let mut fds = [PollFd::new(listener, PollFlags::IN)];
    let second = Timespec { tv_sec: 1, tv_nsec: 0 };
    poll(&mut fds, Some(&second)).unwrap();
    fds[0].revents()
}

#[test]
fn a_call_is_heard_as_it_was_made_and_goes_on_when_it_may() {
    let me = rustix::process::getpid();
    let (listener, thread, tid) = asking(libc::SYS_getpgid, move || getpgid(Some(me)));
    assert_eq!(ready(&listener), PollFlags::IN);
    let question = listener.hear().unwrap();
    assert_eq!((question.call, question.thread), (libc::SYS_getpgid, Some(tid)));
    assert_eq!(question.arguments[0], u64::from(me.as_raw_nonzero().get().unsigned_abs()));
    assert!(listener.waits(&question));
    listener.proceed(&question).unwrap();
    assert_eq!(thread.join().unwrap(), getpgid(Some(me)));
    assert!(!listener.waits(&question));
    assert_eq!(listener.proceed(&question).unwrap_err().raw_os_error(), Some(libc::ENOENT));
}

#[test]
fn a_refused_call_fails_with_the_given_error() {
    let (listener, thread, _) = asking(libc::SYS_getsid, || getsid(None));
    let question = listener.hear().unwrap();
    listener.refuse(&question, Errno::PERM).unwrap();
    assert_eq!(thread.join().unwrap(), Err(Errno::PERM));
}

#[test]
fn whoever_waits_for_a_listener_that_is_gone_is_told_that_there_is_no_such_call() {
    let (listener, thread, _) = asking(libc::SYS_getsid, || (getsid(None), getsid(None)));
    assert_eq!(ready(&listener), PollFlags::IN);
    drop(listener);
    assert_eq!(thread.join().unwrap(), (Err(Errno::NOSYS), Err(Errno::NOSYS)));
}

#[test]
fn a_listener_hears_that_nobody_is_left_who_could_ask() {
    let (listener, thread, _) = asking(libc::SYS_getsid, || ());
    thread.join().unwrap();
    assert_eq!(ready(&listener), PollFlags::HUP);
}

#[test]
fn a_listener_works_in_the_hands_of_another() {
    let (listener, thread, _) = asking(libc::SYS_getsid, || getsid(None));
    let sent = Listener::from(listener.as_fd().try_clone_to_owned().unwrap());
    drop(listener);
    let question = sent.hear().unwrap();
    sent.refuse(&question, Errno::ACCESS).unwrap();
    assert_eq!(thread.join().unwrap(), Err(Errno::ACCESS));
}

#[test]
fn there_is_one_listener_at_most() {
    let second = thread::spawn(|| {
        set_no_new_privs(true).unwrap();
        let _first = install(&about(libc::SYS_getsid)).unwrap();
        install(&about(libc::SYS_getsid)).map(drop).map_err(|e| e.raw_os_error())
    });
    assert_eq!(second.join().unwrap(), Err(Some(libc::EBUSY)));
}

#[test]
fn what_is_no_filter_and_what_is_no_listener_is_an_error() {
    let refused = thread::spawn(|| {
        set_no_new_privs(true).unwrap();
        let nothing = install(&[]).map(drop);
        let endless = install(&vec![Instruction(0x06, 0, 0, ASK); 1 << 17]).map(drop);
        let broken = install(&[Instruction(0xffff, 0, 0, 0)]).map(drop);
        [nothing, endless, broken].map(|r| r.map_err(|e| e.raw_os_error()))
    });
    assert_eq!(refused.join().unwrap(), [Err(Some(libc::EINVAL)); 3]);
    let (reader, _writer) = io::pipe().unwrap();
    let pipe = Listener::from(OwnedFd::from(reader));
    assert_eq!(pipe.hear().unwrap_err().raw_os_error(), Some(libc::ENOTTY));
}
