use apollo_compiler::ExecutableDocument;
use convert::BodyKind;
use model::Effect;
use proptest::prelude::*;
use serde_json::json;

use super::*;

const SCHEMA: &str = r#"
"A moment."
scalar DateTime
enum State { OPEN CLOSED }
interface Named { name: String! }
type User implements Named { name: String! id: ID! issues(first: Int, after: String): Issues boss: User old: Int @deprecated }
type Team implements Named { name: String! size: Int id: Int }
type Issues { nodes: [Issue] edges: [Edge] pageInfo: Page! totalCount: Int }
type Edge { node: Issue cursor: String }
type Page { endCursor: String hasNextPage: Boolean! }
type Issue { id: ID! title: String state: State at: DateTime author: User owner: Owner secret(key: String!): String }
type Bare { secret(key: String!): String }
union Owner = User | Team
input Filter { and: [Filter!] state: State = OPEN at: DateTime name: String! }
type Query {
  "Issues that match."
  issues(filter: Filter!, first: Int = 20, ids: [ID!], ratio: Float): Issues
  owner(id: ID!): Owner
  named: [Named!]!
  bare: Bare
  count: Int!
}
type Payload { ok: Boolean issue: Issue }
type Mutation { createIssue(title: String!): Payload deleteIssue(id: ID!): Payload count: Int }
type Subscription { ticks: Int }
"#;

fn options() -> Options {
    Options { endpoint: "https://api.example.com/v1/graphql?v=2".to_owned(), ..Options::default() }
}

fn converted(options: &Options) -> Converted {
    from_schema(SCHEMA.as_bytes(), options).unwrap()
}

fn tool(name: &str) -> Tool {
    converted(&options()).tools.into_iter().find(|tool| tool.name == name).unwrap()
}

fn document(tool: &Tool) -> (&str, &str) {
    match &tool.recipe.body.as_ref().unwrap().kind {
        BodyKind::GraphQl { document, operation } => (document, operation),
        other => panic!("{other:?}"),
    }
}

fn documents(texts: &[(&str, &str)]) -> Converted {
    let texts: Vec<_> = texts.iter().map(|(n, t)| ((*n).to_owned(), (*t).to_owned())).collect();
    from_documents(SCHEMA.as_bytes(), &texts, &options()).unwrap()
}

#[test]
fn every_root_field_becomes_a_valid_operation_whatever_the_caps() {
    let schema = read(Source::Sdl(SCHEMA)).unwrap();
    for max_depth in 2..9 {
        for max_fields in [2, 3, 5, 10, 50, 500] {
            let made = converted(&Options { max_depth, max_fields, ..options() });
            assert_eq!(made.tools.len(), 8);
            for tool in &made.tools {
                let (text, _) = document(tool);
                let found = ExecutableDocument::parse_and_validate(&schema, text, "operation");
                let found = found.unwrap_or_else(|e| panic!("{text}\n{}", e.errors));
                let operation = found.operations.iter().next().unwrap();
                assert!(operation.all_fields(&found).count() <= max_fields, "{max_fields}: {text}");
            }
        }
    }
}

#[test]
fn caps_that_allow_no_selection_skip_what_returns_objects_and_nothing_else() {
    let made = converted(&Options { max_depth: 1, ..options() });
    assert_eq!(
        made.tools.iter().map(|t| t.name.as_str()).collect::<Vec<_>>(),
        ["count", "count_mutation"]
    );
    assert!(made.skipped.iter().filter(|s| s.code == "caps_too_small").count() == 6);
}

#[test]
fn a_subscription_is_skipped_with_a_reason() {
    let skipped = converted(&options()).skipped;
    assert_eq!(skipped.len(), 1);
    assert_eq!(
        (skipped[0].place.as_str(), skipped[0].code),
        ("subscription ticks", "subscription")
    );
}

#[test]
fn a_mutation_that_deletes_is_proposed_as_destructive_and_others_as_write() {
    assert_eq!(tool("deleteIssue").effect, Effect::Destructive);
    assert_eq!(tool("createIssue").effect, Effect::Write);
    assert_eq!(tool("issues").effect, Effect::Read);
    for name in ["bulkDeleteUsers", "user_delete", "URLDelete", "RevokeKey", "deleteURL"] {
        assert_eq!(names::mutation(name), Effect::Destructive, "{name}");
    }
    for name in ["undeletable", "dropdownUpdate", "addStar", "x"] {
        assert_eq!(names::mutation(name), Effect::Write, "{name}");
    }
}

#[test]
fn variables_are_typed_with_recursive_inputs_in_definitions() {
    let schema = tool("issues").input_schema;
    assert_eq!(schema["required"], json!(["filter"]));
    let properties = &schema["properties"];
    assert_eq!(properties["filter"], json!({"$ref": "#/$defs/Filter"}));
    assert_eq!(
        properties["first"],
        json!({"type": ["integer", "null"], "format": "int32", "default": 20})
    );
    assert_eq!(properties["ids"], json!({"type": ["array", "null"], "items": {"type": "string"}}));
    assert_eq!(properties["ratio"], json!({"type": ["number", "null"]}));
    let filter = &schema["$defs"]["Filter"];
    assert_eq!(filter["required"], json!(["name"]));
    assert_eq!(filter["properties"]["and"]["items"], json!({"$ref": "#/$defs/Filter"}));
    assert_eq!(filter["properties"]["state"]["default"], json!("OPEN"));
    assert_eq!(filter["properties"]["at"], json!({"description": "DateTime: A moment."}));
    assert_eq!(schema["$defs"]["State"]["enum"], json!(["OPEN", "CLOSED"]));
    assert_eq!(tool("named").input_schema["properties"], json!({}));
}

#[test]
fn a_connection_is_selected_by_its_nodes_and_a_nested_one_asks_for_a_page() {
    let issues = tool("issues");
    let (text, operation) = document(&issues);
    assert_eq!((operation, issues.description.as_str()), ("Issues", "Issues that match."));
    assert!(
        text.contains("nodes {") && text.contains("endCursor") && !text.contains("edges"),
        "{text}"
    );
    assert!(!text.contains("secret") && !text.contains("old"), "{text}");
    let owner = tool("owner");
    let (text, _) = document(&owner);
    assert!(text.contains("... on User {") && text.contains("issues(first: 10)"), "{text}");
    assert!(text.contains("__typename") && text.contains("User_id: id"), "{text}");
    assert!(!text.contains("boss"), "a cycle is cut: {text}");
    assert!(document(&tool("bare")).0.contains("__typename"));
}

#[test]
fn a_call_is_a_post_to_the_endpoint_with_the_arguments_as_variables() {
    let tool = tool("issues");
    let arguments = json!({"filter": {"name": "a"}, "first": 3});
    let request = convert::request(&tool.recipe, arguments.as_object().unwrap()).unwrap();
    assert_eq!(request.url.as_str(), "https://api.example.com/v1/graphql?v=2");
    let sent: serde_json::Value = serde_json::from_slice(&request.body.unwrap().bytes).unwrap();
    assert_eq!((&sent["variables"], &sent["operationName"]), (&arguments, &json!("Issues")));
}

#[test]
fn a_bad_endpoint_is_refused() {
    for endpoint in ["", "graphql", "ftp://a/b", "https://u:p@a.example/b", "https://a.example/b#c"]
    {
        let options = Options { endpoint: endpoint.to_owned(), ..options() };
        let code = from_schema(SCHEMA.as_bytes(), &options).unwrap_err().code;
        assert_eq!(code, "graphql_endpoint", "{endpoint}");
    }
}

#[test]
fn a_field_defined_twice_alike_is_read_and_one_that_differs_is_not() {
    let twice = |second: &str| format!("type Query {{ a(x: Int): Int \"again\" {second} }}");
    assert_eq!(from_schema(twice("a(x: Int): Int").as_bytes(), &options()).unwrap().tools.len(), 1);
    for other in ["a(x: Int): String", "a: Int", "a(x: ID): Int"] {
        let code = from_schema(twice(other).as_bytes(), &options()).unwrap_err().code;
        assert_eq!(code, "graphql_schema_invalid", "{other}");
    }
}

#[test]
fn an_operators_operation_is_sent_alone_with_the_fragments_it_reaches() {
    let text = "# Finds one owner.\nquery find($id: ID!) { owner(id: $id) { ...a } }\n\
        fragment a on Owner { ...b }\nfragment b on User { name }\nfragment c on Team { size }\n\
        mutation gone { x: deleteIssue(id: 1) { ok issue { owner { ...c } } } }";
    let made = documents(&[("one.graphql", text), ("folder/one.graphql", text)]);
    assert!(made.skipped.is_empty(), "{:?}", made.skipped);
    assert_eq!(made.tools.iter().map(|t| t.name.as_str()).collect::<Vec<_>>(), ["find", "gone"]);
    let (find, operation) = document(&made.tools[0]);
    assert_eq!(operation, "find");
    assert!(
        find.contains("fragment b") && !find.contains("fragment c") && !find.contains("gone"),
        "{find}"
    );
    assert_eq!(made.tools[0].description, "Finds one owner.");
    assert_eq!(made.tools[0].input_schema["required"], json!(["id"]));
    assert_eq!(made.tools[1].effect, Effect::Destructive, "an alias changes nothing");
}

#[test]
fn one_bad_document_never_stops_the_others_and_each_has_its_code() {
    let made = documents(&[
        ("unknown.graphql", "query a { nothing }"),
        ("broken.graphql", "query ü {"),
        ("empty.graphql", "fragment f on User { name }"),
        ("live.graphql", "subscription s { ticks }"),
        ("my-count.graphql", "{ count }"),
        ("again.graphql", "query b { count }"),
        ("other.graphql", "query b { bare { __typename } }"),
    ]);
    let names: Vec<_> = made.tools.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names, ["b", "my-count"]);
    assert_eq!(document(&made.tools[1]).1, "my_count");
    let codes: Vec<_> = made.skipped.iter().map(|s| s.code).collect();
    assert_eq!(codes, ["not_valid", "not_valid", "not_valid", "subscription", "duplicate_name"]);
}

#[test]
fn errors_that_are_not_null_fail_an_answer_even_with_partial_data() {
    let partial = json!({"data": {"a": 1}, "errors": [{"message": "b is away", "path": ["b", 0]}]});
    assert_eq!(errors(&partial).unwrap(), "b is away (at b.0)");
    for failed in [json!({"errors": []}), json!({"errors": "no list"}), json!({"errors": [{}]})] {
        assert!(errors(&failed).is_some(), "{failed}");
    }
    for fine in [json!({"data": {}}), json!({"data": {}, "errors": null}), json!([]), json!(1)] {
        assert_eq!(errors(&fine), None, "{fine}");
    }
    let many = json!({"errors": vec![json!({"message": "ü".repeat(9_000)}); 30]});
    let told = errors(&many).unwrap();
    assert!(told.chars().count() < 1_700 && told.ends_with("and 25 more"));
}

#[test]
fn a_long_name_is_cut_and_stays_its_own() {
    let (one, other) = (names::tool(&"a".repeat(90)), names::tool(&"a".repeat(91)));
    assert_eq!((one.len(), other.len()), (64, 64));
    assert_ne!(one, other);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), text in "\\PC{0,200}") {
        let _ = from_schema(&bytes, &options());
        let _ = from_schema(text.as_bytes(), &options());
        let _ = from_documents(SCHEMA.as_bytes(), &[(text.clone(), text)], &options());
    }
}
