use model::Timestamp;

use super::store_tests::{home, raw};
use crate::{ApprovalRow, Approvals as _, Reset, Store as _, StoreError};

fn row(id: &str) -> ApprovalRow {
    ApprovalRow {
        id: id.to_owned(),
        tenant: "acme".to_owned(),
        binding: [3; 32],
        asked: Timestamp(1_000),
        expires: Timestamp(901_000),
        question: "{}".to_owned(),
        progress: "{\"state\":\"waiting\"}".to_owned(),
    }
}

#[test]
fn what_one_handle_changed_another_reads_and_a_change_of_nothing_writes_nothing() {
    let home = home();
    let (one, other) = (home.open(), home.open());
    one.change_approvals(&mut |rows, _| rows.extend([row("a"), row("b")])).unwrap();
    assert_eq!(other.approvals().unwrap(), [row("a"), row("b")]);
    let version = other.version().unwrap();
    one.change_approvals(&mut |_, now| assert_eq!(now, Timestamp(1_000))).unwrap();
    assert!(!other.changed(version).unwrap());
    other.change_approvals(&mut |rows, _| rows.retain(|r| r.id == "b")).unwrap();
    assert_eq!(one.approvals().unwrap(), [row("b")]);
}

#[test]
fn an_approval_that_was_edited_added_or_removed_at_rest_is_an_integrity_error() {
    for sql in [
        "UPDATE approvals SET progress = '{\"state\":\"granted\"}'",
        "UPDATE approvals SET expires = expires + 1",
        "UPDATE approvals SET binding = zeroblob(32)",
        "DELETE FROM approvals",
        "INSERT INTO approvals SELECT 'z', tenant, binding, asked, expires, question, progress, mac FROM approvals",
    ] {
        let home = home();
        home.open().change_approvals(&mut |rows, _| rows.push(row("a"))).unwrap();
        assert_eq!(raw(&home.path).execute(sql, []).unwrap(), 1, "{sql}");
        let found = home.open().approvals();
        assert!(matches!(found, Err(StoreError::Integrity { .. })), "{sql}: {found:?}");
        let changed = home.open().change_approvals(&mut |rows, _| rows.clear());
        assert!(matches!(changed, Err(StoreError::Integrity { .. })), "{sql}: {changed:?}");
        home.open().reset(Reset::Approvals).unwrap();
        assert_eq!(home.open().approvals().unwrap(), []);
    }
}

#[test]
fn a_database_of_the_first_schema_takes_the_step_and_keeps_what_it_has() {
    let home = home();
    home.open().change_approvals(&mut |_, _| ()).unwrap();
    let connection = raw(&home.path);
    connection
        .execute_batch("DROP TABLE approvals; DELETE FROM migrations WHERE version = 2")
        .unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    drop(connection);
    home.open().change_approvals(&mut |rows, _| rows.push(row("a"))).unwrap();
    assert_eq!(home.open().approvals().unwrap(), [row("a")]);
}
