//! What sources tell of their programs stands in the audit log, as far as it is worth its place there.

use gate::port::SourceEvent;

use crate::support::{House, Plan, name};

fn started() -> SourceEvent {
    let command = ["/usr/bin/tool", "--password=hunter2"].map(str::to_owned).to_vec();
    SourceEvent::Started { command, how: "process 7; confined".to_owned() }
}

fn held() -> SourceEvent {
    SourceEvent::Held { by: "forbidden-call", what: "it tried".to_owned() }
}

async fn records(house: &House) -> Vec<audit::Entry> {
    house.entries().await.into_iter().filter(|r| r.kind == "source").collect()
}

#[tokio::test]
async fn what_becomes_of_a_program_is_recorded_with_what_held_it() {
    let house = Plan::with_tools(&[]).build();
    let events = house.events();
    let files = name("files");
    events.note(&files, started());
    events.note(&files, held());
    events
        .note(&files, SourceEvent::Ended { well: false, how: "was ended by signal 31".to_owned() });
    let why = "this machine cannot".to_owned();
    events.note(&files, SourceEvent::NotStarted { code: "confine_unsupported", why });
    let why = "it is not there".to_owned();
    events.note(&files, SourceEvent::NotStarted { code: "program_not_found", why });
    let records = records(&house).await;
    let told: Vec<_> = records
        .iter()
        .map(|r| (r.outcome.as_deref().unwrap(), r.rule.as_deref(), r.note.as_deref().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("ok", None, "started /usr/bin/tool: process 7; confined"),
            ("refused", Some("forbidden-call"), "held: it tried"),
            ("failed", None, "ended: was ended by signal 31"),
            ("refused", Some("confine_unsupported"), "not started: this machine cannot"),
            ("failed", Some("program_not_found"), "not started: it is not there"),
        ]
    );
    assert!(records.iter().all(|r| r.source.as_deref() == Some("files")));
    // Arguments may hold what is nobody's business: a digest tells one command from another.
    let line = format!("{records:?}");
    assert!(!line.contains("hunter2"), "{line}");
    assert_eq!(
        records[0].args_digest.as_deref(),
        Some("6d27f7f0b791f1dbbeb237cc0e566f7f3c16c610e32474fcfcb255d7e98d0ccc"),
    );
}

#[tokio::test]
async fn a_program_that_starts_without_end_fills_no_log_and_hides_no_refusal() {
    let house = Plan::with_tools(&[]).build();
    let events = house.events();
    for _ in 0..1000 {
        events.note(&name("files"), started());
    }
    events.note(&name("files"), held());
    for _ in 0..1000 {
        events.note(&name("files"), held());
    }
    events.note(&name("other"), started());
    let records = records(&house).await;
    let of = |source: &str, outcome: &str| {
        let ours = |r: &&audit::Entry| {
            r.source.as_deref() == Some(source) && r.outcome.as_deref() == Some(outcome)
        };
        records.iter().filter(ours).count()
    };
    assert_eq!((of("files", "ok"), of("files", "refused"), of("other", "ok")), (60, 60, 1));
    let first = records.iter().find(|r| r.outcome.as_deref() == Some("refused")).unwrap();
    assert_eq!(first.note.as_deref(), Some("held: it tried (940 before it were not recorded)"));
}
