use std::sync::atomic::AtomicUsize;
use std::task::Wake;

use super::*;
use crate::disk::RealDisk;

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A queue without a writer, and records in it that are waited for.
struct Waiting {
    queue: Queue,
    callers: Vec<(u64, Arc<Woken>)>,
    _dir: tempfile::TempDir,
}

fn queue() -> (Queue, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let file = RealDisk.open(&dir.path().join("log")).unwrap();
    let last = Last { seq: 0, time: 0, vkey: String::new() };
    let disk = Arc::new(RealDisk);
    let queue = Queue::new(disk, dir.path().to_owned(), Clock::manual(1), 100, file, 0, last);
    (queue, dir)
}

fn waiting(count: usize) -> Waiting {
    let (queue, dir) = queue();
    let callers = (0..count).map(|_| {
        queue.reserve().unwrap();
        let (seq, woken) = (queue.push(b"\"kind\":\"call\"", None).unwrap(), Arc::default());
        let waker = Waker::from(Arc::clone(&woken));
        assert!(queue.poll_durable(seq, &waker, &mut false).is_none());
        (seq, woken)
    });
    let callers = callers.collect();
    queue.take(&mut Batch::default(), None, None);
    Waiting { queue, callers, _dir: dir }
}

impl Waiting {
    fn woken(&self) -> Vec<usize> {
        self.callers.iter().map(|(_, woken)| woken.0.load(Ordering::SeqCst)).collect()
    }

    fn poll(&self, caller: usize) -> bool {
        let (seq, woken) = &self.callers[caller];
        let waker = Waker::from(Arc::clone(woken));
        self.queue.poll_durable(*seq, &waker, &mut false).is_some()
    }
}

#[test]
fn the_writer_wakes_one_caller_and_that_one_the_others() {
    let all = waiting(5);
    all.queue.done(5);
    assert_eq!(all.woken().iter().sum::<usize>(), 1);
    let first = all.woken().iter().position(|n| *n == 1).unwrap();
    assert!(all.poll(first));
    assert_eq!(all.woken(), [1; 5]);
}

#[test]
fn a_caller_who_leaves_in_between_keeps_nobody_waiting() {
    let all = waiting(5);
    all.queue.done(5);
    let first = all.woken().iter().position(|n| *n == 1).unwrap();
    all.queue.forget(all.callers[first].0);
    assert_eq!(all.woken(), [1; 5]);
}

#[test]
fn those_of_an_earlier_batch_are_not_forgotten_over_a_later_one() {
    let all = waiting(4);
    all.queue.done(2);
    all.queue.done(4);
    let first = all.woken().iter().position(|n| *n == 1).unwrap();
    assert!(all.poll(first));
    assert_eq!(all.woken(), [1; 4]);
}

#[test]
fn a_log_that_fails_wakes_everybody() {
    let all = waiting(3);
    all.queue.done(2);
    all.queue.fail("the disk is gone");
    assert_eq!(all.woken(), [1; 3]);
}

#[test]
fn company_is_waited_for_no_longer_than_calls_are_under_way() {
    let (queue, _dir) = queue();
    let slow = Duration::from_mins(1);
    std::thread::scope(|scope| {
        queue.reserve().unwrap();
        queue.reserve().unwrap();
        let writer = scope.spawn(|| {
            let mut batch = Batch::default();
            queue.take(&mut batch, Some(slow), Some(slow));
            batch.ends.len()
        });
        while !queue.lock().gathering {
            std::thread::yield_now();
        }
        queue.push(b"\"kind\":\"call\"", None).unwrap();
        assert!(queue.lock().gathering, "one more is under way");
        queue.push(b"\"kind\":\"call\"", None).unwrap();
        assert_eq!(writer.join().unwrap(), 2);
    });
}
