//! Results made smaller for models, as the operator declared it: pick, omit, limit, aggregate, template, budget, in
//! that order. Nothing is left out without saying so, and nothing grows.

mod aggregate;
mod budget;
mod path;
mod template;

use serde_json::Value;

pub use aggregate::Aggregate;
pub use path::Path;
pub use template::Template;

/// How the results of a tool are shaped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    /// Only what stands at these places is kept.
    pub pick: Vec<Path>,
    /// What stands at these places is left out.
    pub omit: Vec<Path>,
    /// Of the lists at these places at most so many elements are kept.
    pub limit: Vec<(Path, usize)>,
    /// Named figures about the whole answer, which then stand in its place.
    pub aggregate: Vec<(String, Aggregate)>,
    /// A text made of values, in place of the data.
    pub template: Option<Template>,
    /// Most tokens of the result, a token being four characters.
    pub tokens: Option<usize>,
}

/// What shaping made of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shaped {
    /// The data.
    pub(crate) value: Value,
    /// The text in its place, if a template made one.
    pub(crate) text: Option<String>,
    /// What is missing.
    pub(crate) left_out: Vec<LeftOut>,
}

/// Something that is missing, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// Where.
    pub(crate) at: String,
    /// A sentence.
    pub(crate) what: String,
    /// From which element on the rest begins, where it is a list that was cut.
    pub(crate) next: Option<usize>,
}

impl Shape {
    /// Shapes an answer; lists begin at `offset`.
    pub(crate) fn apply(&self, whole: &Value, offset: usize) -> Shaped {
        let mut left_out = Vec::new();
        let mut value = self.chosen(whole, &mut left_out);
        for (path, most) in &self.limit {
            path.each(&mut value, &mut |at, found| cut(at, found, offset, *most, &mut left_out));
        }
        if !self.aggregate.is_empty() {
            left_out.push(LeftOut::new("", "the data, in whose place figures about it stand"));
            let figures = self.aggregate.iter().map(|(name, of)| (name.clone(), of.of(whole)));
            value = Value::Object(figures.collect());
        }
        let text = self.template.as_ref().map(|template| {
            left_out.push(LeftOut::new("", "what the template does not name"));
            template.render(&value)
        });
        let mut shaped = Shaped { value, text, left_out };
        if let Some(tokens) = self.tokens {
            budget::keep(&mut shaped, tokens.saturating_mul(4));
        }
        shaped
    }

    fn chosen(&self, whole: &Value, left_out: &mut Vec<LeftOut>) -> Value {
        let mut value = if self.pick.is_empty() {
            whole.clone()
        } else {
            left_out.push(LeftOut::new("", format!("all but {}", list(&self.pick))));
            path::pick(whole, &self.pick)
        };
        let mut gone = Vec::new();
        for path in &self.omit {
            if path.remove(&mut value) {
                gone.push(path.clone());
            }
        }
        if !gone.is_empty() {
            left_out.push(LeftOut::new("", list(&gone)));
        }
        value
    }
}

impl LeftOut {
    fn new(at: &str, what: impl Into<String>) -> Self {
        Self { at: at.to_owned(), what: what.into(), next: None }
    }
}

/// Cuts a list to its elements from `offset` on, at most `most` of them.
pub(crate) fn cut(
    at: &str,
    found: &mut Value,
    offset: usize,
    most: usize,
    left_out: &mut Vec<LeftOut>,
) {
    let Value::Array(elements) = found else { return };
    let (of, from) = (elements.len(), offset.min(elements.len()));
    let to = from.saturating_add(most).min(of);
    if (from, to) == (0, of) {
        return;
    }
    elements.truncate(to);
    elements.drain(..from);
    let what = format!("elements {from} to {} of {of} are shown", to.saturating_sub(1).max(from));
    left_out.push(LeftOut { at: at.to_owned(), what, next: (to < of).then_some(to) });
}

fn list(paths: &[Path]) -> String {
    paths.iter().map(|p| format!("`{p}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn path(text: &str) -> Path {
        text.parse().unwrap()
    }

    #[test]
    fn without_any_verb_nothing_changes_v_shape_04_to_08() {
        for body in [
            json!({"a":"","b":1}),
            json!({"a":[],"b":1}),
            json!({"a":null,"b":1}),
            json!({"a":0,"b":1}),
            json!({"a":false,"b":1}),
        ] {
            let shaped = Shape::default().apply(&body, 0);
            assert_eq!((&shaped.value, shaped.left_out.len()), (&body, 0));
        }
    }

    #[test]
    fn pick_keeps_and_omit_drops_and_both_say_so() {
        let body = json!({"items":[{"id":1,"secretish":2,"x":{"y":3}},{"id":4}],"total":2});
        let pick = Shape { pick: vec![path("/items/*/id"), path("/total")], ..Shape::default() };
        let shaped = pick.apply(&body, 0);
        assert_eq!(shaped.value, json!({"items":[{"id":1},{"id":4}],"total":2}));
        assert!(shaped.left_out[0].what.contains("/items/*/id"));
        let omit = Shape { omit: vec![path("/items/*/x"), path("/nowhere")], ..Shape::default() };
        let shaped = omit.apply(&body, 0);
        assert_eq!(shaped.value["items"][0], json!({"id":1,"secretish":2}));
        assert_eq!(shaped.left_out.len(), 1);
        assert!(!shaped.left_out[0].what.contains("nowhere"));
    }

    #[test]
    fn a_limit_says_where_the_rest_begins_and_an_offset_goes_on_there() {
        let body = json!({"items": (0..57).collect::<Vec<_>>()});
        let shape = Shape { limit: vec![(path("/items"), 20)], ..Shape::default() };
        let first = shape.apply(&body, 0);
        assert_eq!(first.left_out[0].next, Some(20));
        assert!(first.left_out[0].what.contains("0 to 19 of 57"));
        let last = shape.apply(&body, 40);
        assert_eq!(last.value["items"].as_array().unwrap().len(), 17);
        assert_eq!(last.left_out[0].next, None);
    }

    #[test]
    fn figures_stand_in_the_place_of_rows_v_shape_01_02() {
        let rows: Vec<_> = (0..50).map(|id| json!({"id": id, "amount": 10 * id})).collect();
        let body = json!({ "rows": rows });
        let shape = Shape {
            aggregate: vec![
                ("count".into(), Aggregate::Count(path("/rows"))),
                ("sum".into(), Aggregate::Sum(path("/rows/*/amount"))),
            ],
            ..Shape::default()
        };
        assert_eq!(shape.apply(&body, 0).value, json!({"count": 50, "sum": 12_250}));
    }

    #[test]
    fn a_summary_tells_fields_types_and_counts_v_shape_03() {
        let rows: Vec<_> = (0..50).map(|id| json!({"id": id, "name": "x"})).collect();
        let shape = Shape {
            aggregate: vec![("rows".into(), Aggregate::Summary(path("/rows")))],
            ..Shape::default()
        };
        let value = shape.apply(&json!({ "rows": rows }), 0).value;
        assert_eq!(
            value["rows"],
            json!({"count": 50, "fields": {"id": {"number": 50}, "name": {"string": 50}}})
        );
    }

    #[test]
    fn a_budget_is_kept_and_what_it_cost_is_said() {
        let items: Vec<_> = (0..500).map(|n| json!({"id": n, "text": "word ".repeat(5)})).collect();
        let shape = Shape { tokens: Some(500), ..Shape::default() };
        let shaped = shape.apply(&json!({ "items": items }), 0);
        assert!(shaped.value.to_string().len() <= 2000);
        let kept = shaped.value["items"].as_array().unwrap().len();
        assert!(kept > 10);
        assert_eq!(shaped.left_out[0].next, Some(kept));
        let shaped = shape.apply(&json!({ "page": "ä".repeat(9000) }), 0);
        assert!(shaped.value.to_string().len() <= 2000 && !shaped.left_out.is_empty());
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,20}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                prop::collection::btree_map("[a-c*/~]{1,3}", inner, 0..5)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_missing_is_always_said_and_nothing_is_invented(
            body in any_json(), offset in 0_usize..4, most in 0_usize..4, tokens in 1_usize..200,
        ) {
            let shape = Shape {
                omit: vec![path("/a"), path("/*/b")],
                limit: vec![(path("/c"), most), (path(""), most)],
                tokens: Some(tokens),
                ..Shape::default()
            };
            let shaped = shape.apply(&body, offset);
            prop_assert!(shaped.value == body || !shaped.left_out.is_empty());
            if shaped.value != body {
                prop_assert!(shaped.value.to_string().len() <= body.to_string().len() + 8);
            }
        }
    }
}
