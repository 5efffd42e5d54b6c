use model::Effect;

use super::*;

#[test]
fn the_operation_that_is_meant_is_sent_with_its_fragments_and_nothing_else() {
    let text = "# token abc\nquery A($id: ID!, $f: Filter, $n: Int = 10) { user(id: $id, f: $f, first: $n) { ...F } }\n\
        query B { me { id } }\nfragment F on User { id name }\nfragment G on User { email }";
    let found = recorded(text, Some("A")).unwrap();
    assert_eq!((found.name.as_str(), found.effect), ("A", Effect::Read));
    for gone in ["token", "query B", "fragment G"] {
        assert!(!found.document.contains(gone), "{}", found.document);
    }
    assert!(found.document.contains("fragment F on User"));
    let told: Vec<_> =
        found.variables.iter().map(|v| (v.name.as_str(), v.schema.is_some(), v.required)).collect();
    assert_eq!(told, [("id", true, true), ("f", false, false), ("n", true, false)]);
    assert_eq!(recorded(text, None).unwrap_err().0, "graphql_unreadable");
    assert_eq!(recorded(text, Some("C")).unwrap_err().0, "graphql_unreadable");
}

#[test]
fn an_operation_without_a_name_is_called_after_its_root_field() {
    let found = recorded("mutation($i: ID!) { deleteUser(id: $i) { ok } }", None).unwrap();
    assert_eq!((found.name.as_str(), found.effect), ("DeleteUser", Effect::Destructive));
    assert!(found.document.starts_with("mutation DeleteUser($i: ID!)"), "{}", found.document);
}

#[test]
fn values_in_the_document_are_not_taken_over() {
    for text in [
        r#"{ user(id: "u1") { id } }"#,
        "{ user(id: 12345) { id } }",
        r#"{ user(f: {a: ["x"]}) { id } }"#,
        "{ near(lat: 1.5) { id } }",
        r#"query($a: String = "x") { user(id: $a) { id } }"#,
        r#"{ me @own(a: "x") { id } }"#,
        r#"{ ...F } fragment F on Q { user(id: "u1") { id } }"#,
    ] {
        assert_eq!(recorded(text, None).unwrap_err().0, "graphql_literal", "{text}");
    }
    assert!(
        recorded("{ all(first: 50, by: NAME, old: true, q: \"\", f: [null]) { id } }", None)
            .is_ok()
    );
    assert_eq!(recorded("subscription { a }", None).unwrap_err().0, "graphql_subscription");
    assert_eq!(recorded("{ a", None).unwrap_err().0, "graphql_unreadable");
}

#[test]
fn fragments_that_use_themselves_end() {
    let text = "{ ...F } fragment F on Q { ...G } fragment G on Q { ...F }";
    assert_eq!(recorded(text, None).unwrap_err().0, "graphql_unreadable");
}
