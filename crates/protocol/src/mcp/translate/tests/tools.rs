use super::*;
use crate::mcp::Version as V;
use crate::mcp::translate::*;

fn seen(tool: &str, from: V, to: V, tasks: bool) -> Option<String> {
    tool_for(&object(tool), Route { from, to, tasks }).unwrap().map(text)
}

#[test]
fn tools_that_only_run_as_tasks_are_hidden_where_tasks_cannot_be_spoken_7_13() {
    let tool = |support: &str| {
        format!(r#"{{"name":"x","execution":{{"taskSupport":"{support}"}},"v":1}}"#)
    };
    let bare = Some(r#"{"name":"x","v":1}"#.to_owned());
    for to in V::ALL {
        if to == V::MODERN {
            continue;
        }
        assert_eq!(seen(&tool("required"), V::V2025_11_25, to, false), None);
        assert_eq!(seen(&tool("optional"), V::V2025_11_25, to, false), bare);
        assert_eq!(
            seen(&tool("required"), V::V2025_11_25, to, true),
            (to == V::V2025_11_25).then(|| tool("required"))
        );
    }
    assert_eq!(seen(&tool("required"), V::V2025_11_25, V::MODERN, false), None);
    assert_eq!(seen(&tool("required"), V::V2025_11_25, V::MODERN, true), bare);
    assert_eq!(seen(&tool("forbidden"), V::V2025_11_25, V::MODERN, false), bare);
    assert_eq!(seen(&tool("required"), V::MODERN, V::MODERN, false), Some(tool("required")));
}

#[test]
fn an_output_schema_that_the_client_cannot_hold_is_left_out_7_17() {
    let tool = |schema: &str| {
        format!(r#"{{"name":"x","outputSchema":{schema},"inputSchema":{{ "$defs":{{}} }}}}"#)
    };
    let bare = Some(r#"{"name":"x","inputSchema":{ "$defs":{} }}"#.to_owned());
    let good = tool(r#"{ "type":"object","$anchor":"a" }"#);
    assert_eq!(seen(&good, V::MODERN, V::V2025_11_25, false), Some(good.clone()));
    assert_eq!(seen(&good, V::MODERN, V::V2025_06_18, false), Some(good.clone()));
    assert_eq!(seen(&good, V::MODERN, V::V2025_03_26, false), bare);
    assert_eq!(seen(&good, V::V2025_11_25, V::V2024_11_05, false), bare);
    for other in
        [r#"{"type":"array"}"#, "true", r#"{"anyOf":[]}"#, r#"{"type":["object"]}"#, "null"]
    {
        assert_eq!(seen(&tool(other), V::MODERN, V::V2025_11_25, false), bare, "{other}");
        assert_eq!(seen(&tool(other), V::MODERN, V::MODERN, false), Some(tool(other)));
        assert_eq!(seen(&tool(other), V::V2025_11_25, V::V2025_11_25, false), Some(tool(other)));
    }
}

#[test]
fn an_ambiguous_execution_hides_nothing_silently() {
    let route = Route { from: V::V2025_11_25, to: V::MODERN, tasks: false };
    for bad in [
        r#"{"execution":{"taskSupport":"optional","taskSupport":"required"}}"#,
        r#"{"execution":7}"#,
    ] {
        assert!(tool_for(&object(bad), route).is_err(), "{bad}");
    }
    assert_eq!(tool_for(&object(r#"{"execution":null}"#), route).unwrap(), Some("{}".into()));
}
