use model::{Effect, Timestamp};

use super::store_tests::{Home, home, key, pin, raw, suspect, tool};
use super::tables::{API_KEYS, EFFECTS, PENDING, PINS, Table};
use crate::{ApiKeyRow, Effects as _, Keys as _, Pins as _, Reset, Store as _, StoreError};

fn filled() -> Home {
    let home = home();
    let store = home.open();
    store.insert_key(&key("k1")).unwrap();
    let new = ApiKeyRow { created: Timestamp(11), ..key("k2") };
    store.rotate_key("k1", &new, Timestamp(70_000)).unwrap();
    store.first_contact("s", &[pin("s", "t", "d1"), pin("s", "u", "d1")]).unwrap();
    store.quarantine("s", &[suspect("s", "t", "d2"), suspect("s", "v", "d3")]).unwrap();
    store.reject(&tool("s", "t"), "d2", "ada").unwrap();
    store.accept_effects(&[(tool("s", "t"), Effect::Read)], "ada").unwrap();
    home
}

/// What each reader of the store says.
fn verdicts(home: &Home) -> [Option<StoreError>; 3] {
    let store = home.open();
    [store.keys().err(), store.pins("s").err(), store.effects("s").err()]
}

fn edit(home: &Home, sql: &str) -> usize {
    let connection = raw(&home.path);
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    connection.execute(sql, []).unwrap()
}

fn is_integrity(error: Option<&StoreError>) -> bool {
    matches!(error, Some(StoreError::Integrity { .. }))
}

#[test]
fn an_edited_column_of_any_row_is_an_integrity_error() {
    for (reader, table) in [(0, API_KEYS), (1, PINS), (1, PENDING), (2, EFFECTS)] {
        for column in table.columns.iter().chain(&["mac"]) {
            let home = filled();
            assert_eq!(verdicts(&home), [None, None, None]);
            edit_one(&home, &table, column);
            let found = verdicts(&home);
            assert!(is_integrity(found[reader].as_ref()), "{} {column}: {found:?}", table.name);
        }
    }
}

/// Changes one column of the first row to another value that the schema allows.
fn edit_one(home: &Home, table: &Table, column: &str) {
    let change = match column {
        "hash" | "mac" => "randomblob(32)".to_owned(),
        "definition" => "CAST('{}' AS BLOB)".to_owned(),
        "created" | "first_seen" | "decided_at" | "seen" | "accepted_at" => format!("{column} + 1"),
        "expires" | "revoked" | "overlap_until" | "rejected_at" => {
            format!("CASE WHEN {column} IS NULL THEN 1 ELSE NULL END")
        }
        "replaced_by" | "rejected_by" => "'x'".to_owned(),
        _ => format!("{column} || 'x'"),
    };
    let name = table.name;
    let first = format!("SELECT min(rowid) FROM {name}");
    let sql = format!("UPDATE {name} SET {column} = {change} WHERE rowid = ({first})");
    assert_eq!(edit(home, &sql), 1);
}

#[test]
fn a_pin_edited_to_match_a_new_definition_is_named_and_not_trusted() {
    let home = filled();
    edit(&home, "UPDATE pins SET digest = 'd2' WHERE name = 't'");
    let error = home.open().pins("s").unwrap_err();
    assert_eq!(error, StoreError::Integrity { what: "the row s / tool / t of `pins`".to_owned() });
    assert!(home.open().pin(&tool("s", "u")).is_err(), "nor is the set it stands in");
    assert_eq!(verdicts(&home)[0], None, "what it does not touch stays usable");
}

#[test]
fn a_deleted_row_is_an_integrity_error() {
    for (reader, table) in [(0, "api_keys"), (1, "pins"), (1, "pending"), (2, "effects")] {
        let home = filled();
        let first = format!("SELECT min(rowid) FROM {table}");
        edit(&home, &format!("DELETE FROM {table} WHERE rowid = ({first})"));
        assert!(is_integrity(verdicts(&home)[reader].as_ref()), "{table}");
    }
}

#[test]
fn a_source_deleted_with_its_seal_is_no_first_contact() {
    let home = filled();
    for sql in ["DELETE FROM pins", "DELETE FROM pending", "DELETE FROM seals WHERE realm = 'pins'"]
    {
        edit(&home, sql);
    }
    assert!(verdicts(&home).iter().all(|v| is_integrity(v.as_ref())));
    assert!(is_integrity(home.open().first_contact("s", &[]).err().as_ref()));
    assert!(is_integrity(home.open().reset(Reset::Source("s")).err().as_ref()));
    home.open().reset(Reset::All).unwrap();
    assert_eq!(verdicts(&home), [None, None, None]);
}

#[test]
fn an_edited_seal_or_root_is_an_integrity_error() {
    for sql in [
        "UPDATE seals SET rows = rows + 1 WHERE realm = 'pins'",
        "UPDATE seals SET mac = randomblob(32) WHERE realm = 'pins'",
        "UPDATE seals SET owner = 'x' WHERE realm = 'pins'",
        "UPDATE root SET mac = randomblob(32)",
        "DELETE FROM root",
        "DELETE FROM seals",
        "INSERT INTO seals SELECT realm, 'x', rows, mac FROM seals WHERE realm = 'pins'",
    ] {
        let home = filled();
        edit(&home, sql);
        assert!(is_integrity(verdicts(&home)[1].as_ref()), "{sql}");
    }
}

#[test]
fn an_old_row_put_back_is_an_integrity_error_though_its_code_fits() {
    let home = filled();
    let copy = raw(&home.path);
    copy.execute("CREATE TABLE kept AS SELECT * FROM api_keys WHERE id = 'k1'", []).unwrap();
    home.open().revoke_key("k1").unwrap();
    copy.execute("DELETE FROM api_keys WHERE id = 'k1'", []).unwrap();
    copy.execute("INSERT INTO api_keys SELECT * FROM kept", []).unwrap();
    drop(copy);
    assert!(is_integrity(home.open().keys().err().as_ref()));
}

#[test]
fn a_row_copied_to_another_source_or_planted_is_an_integrity_error() {
    let home = filled();
    let columns = "kind, name, digest, definition, state, first_seen, decided_at, decided_by, mac";
    edit(&home, &format!("INSERT INTO pins SELECT 'other', {columns} FROM pins WHERE name = 't'"));
    assert!(is_integrity(home.open().pins("other").err().as_ref()));
    assert_eq!(verdicts(&home), [None, None, None]);
}

#[test]
fn nothing_is_written_over_tampering_until_the_operator_resets_it() {
    let home = filled();
    edit(&home, "UPDATE pins SET digest = 'd2' WHERE name = 't'");
    let store = home.open();
    assert!(is_integrity(store.accept(&tool("s", "v"), "d3", "ada").err().as_ref()));
    assert!(is_integrity(store.quarantine("s", &[suspect("s", "w", "d1")]).err().as_ref()));
    assert!(is_integrity(store.pins("s").err().as_ref()));
    store.reset(Reset::Source("s")).unwrap();
    assert_eq!(store.pins("s").unwrap(), None);
    assert_eq!(store.keys().unwrap().len(), 2);
}
