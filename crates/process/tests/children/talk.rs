use std::time::Duration;

use process::{Child, Exit, LineError, WriteError};
use tokio::time::Instant;

use crate::support::{BRIEF, Script, eventually, launcher, line, secret, spec, start};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn lines_go_in_and_come_out() {
    let mut child = start(&["cat"]).await;
    for text in ["{\"a\":1}", "", "ü", &"x".repeat(1_000)] {
        child.stdin.send(text.as_bytes(), SECOND).await.unwrap();
        assert_eq!(line(&mut child).await, text);
    }
    assert!(matches!(child.stdin.send(b"two\nlines", SECOND).await, Err(WriteError::NotOneLine)));
    assert_eq!(child.stop(10 * SECOND).await, Exit::Code(0));
}

#[tokio::test]
async fn a_line_larger_than_a_pipe_goes_through() {
    let text = "x".repeat(3 << 20);
    let Child { mut stdin, mut stdout, handle } = start(&["cat"]).await;
    let sent = text.clone();
    let writer = tokio::spawn(async move {
        stdin.send(sent.as_bytes(), 10 * SECOND).await.unwrap();
        stdin
    });
    assert_eq!(stdout.next().await.unwrap().unwrap(), text);
    drop(writer.await.unwrap());
    assert_eq!(handle.exit().await, Exit::Code(0));
}

#[tokio::test]
async fn a_child_that_stops_reading_times_out_alone() {
    let mut deaf = start(&["sleep", "60"]).await;
    let mut well = start(&["cat"]).await;
    let text = vec![b'x'; 1 << 20];
    let begin = Instant::now();
    let error = deaf.stdin.send(&text, BRIEF).await.unwrap_err();
    assert!(matches!(error, WriteError::Timeout), "{error}");
    assert!(begin.elapsed() < 5 * SECOND);
    // Half a line is in its pipe: nothing can follow.
    assert!(matches!(deaf.stdin.send(b"next", BRIEF).await, Err(WriteError::Torn)));
    well.stdin.send(b"hello", SECOND).await.unwrap();
    assert_eq!(line(&mut well).await, "hello");
    deaf.stop(BRIEF).await;
    well.stop(BRIEF).await;
}

#[tokio::test]
async fn a_huge_line_is_the_childs_fault_and_is_not_read() {
    let script = Script::new("print('fine')\nprint('x' * 50_000_000)");
    let launcher = launcher().with_max_line(1 << 20);
    let mut child = launcher.spawn(&spec(&["python3", "-u", &script.path()])).await.unwrap();
    assert_eq!(line(&mut child).await, "fine");
    assert!(matches!(child.stdout.next().await, Err(LineError::TooLong { max: 1_048_576 })));
    assert!(matches!(child.stdout.next().await, Err(LineError::TooLong { .. })));
    child.stop(BRIEF).await;
}

#[tokio::test]
async fn writing_to_a_child_that_is_gone_is_an_error() {
    let mut child = start(&["true"]).await;
    child.handle.exit().await;
    assert!(matches!(child.stdin.send(b"x", SECOND).await, Err(WriteError::Io(_))));
    assert!(child.stdout.next().await.unwrap().is_none());
}

#[tokio::test]
async fn standard_error_is_kept_escaped_and_without_secrets() {
    let script = Script::new(
        "import os, sys\nsys.stderr.buffer.write(b'\\x07\\x00\\x1b[31mred\\n')\nprint('token', os.environ['TOKEN'], file=sys.stderr)",
    );
    let mut spec = spec(&["python3", &script.path()]);
    spec.env = vec![secret("TOKEN", "hunter2hunter2")];
    let child = launcher().spawn(&spec).await.unwrap();
    assert_eq!(child.handle.exit().await, Exit::Code(0));
    let stderr = child.handle.stderr();
    assert!(eventually(|| stderr.last_lines().len() == 2).await);
    assert_eq!(
        stderr.last_lines(),
        ["\\u{7}\\u{0}\\u{1b}[31mred", "token [secret:TOKEN withheld]"]
    );
}

#[tokio::test]
async fn a_flood_on_standard_error_never_stops_a_child() {
    let script = Script::new(
        "import sys\nfor n in range(100_000): print('noise', n, file=sys.stderr)\nprint('done')",
    );
    let mut child = script.start().await;
    assert_eq!(line(&mut child).await, "done");
    let stderr = child.handle.stderr().clone();
    assert!(eventually(|| stderr.last_lines().last().is_some_and(|l| l == "noise 99999")).await);
    assert_eq!(stderr.last_lines().len(), 50);
}
