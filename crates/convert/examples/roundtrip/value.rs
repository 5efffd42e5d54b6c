//! Arguments that a schema allows, always the same for the same seed.

use serde_json::{Map, Value, json};

use crate::merge::merge;
use crate::text::{bound, text};

/// A value, or why there is none.
pub(crate) type Made = Result<Value, &'static str>;

/// How many sets of alternatives are tried.
pub(crate) const ATTEMPTS: usize = 16;
/// How deep references and values may go.
const DEEPEST: usize = 24;

/// Where choices come from.
#[derive(Clone, Copy)]
pub(crate) struct Seed(u64);

impl Seed {
    pub(crate) fn of(name: &str) -> Self {
        let add = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Self(name.bytes().fold(0xcbf2_9ce4_8422_2325, add))
    }

    /// Another one, for the n-th part.
    pub(crate) fn with(self, n: usize) -> Self {
        let mixed = (self.0 ^ n as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
        Self((mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9))
    }

    /// A number below `most`.
    pub(crate) fn pick(self, most: usize) -> usize {
        let high = usize::try_from(self.0 >> 33).unwrap_or_default();
        if most == 0 { 0 } else { high % most }
    }
}

/// Makes values for one tool.
pub(crate) struct Maker<'s> {
    root: &'s Value,
    /// Whether the schema says that parts of it are left open.
    cut: bool,
    /// Whether what may be left out is there as well.
    rich: bool,
    /// Which alternatives are taken.
    attempt: usize,
}

impl<'s> Maker<'s> {
    pub(crate) fn new(root: &'s Value, rich: bool, attempt: usize) -> Self {
        // What overlaps with other alternatives while little is there may not with more.
        let rich = rich || attempt >= ATTEMPTS / 2;
        Self { root, cut: root.get("$comment").is_some(), rich, attempt }
    }

    pub(crate) fn make(&self, schema: &Value, seed: Seed, depth: usize) -> Made {
        if depth > DEEPEST {
            return Err("recursive");
        }
        let flat = self.flat(schema, depth)?;
        if flat.is_empty() {
            return if self.cut { Err("left_open") } else { Ok(json!("any")) };
        }
        if let Some(value) = flat.get("const") {
            return Ok(value.clone());
        }
        if let Some(values) = flat.get("enum").and_then(Value::as_array) {
            return chosen(values, &flat, seed);
        }
        match kind(&flat, self.rich, seed) {
            "null" => Ok(Value::Null),
            "boolean" => Ok(json!(seed.pick(2) == 1)),
            "integer" => number(&flat, true, seed),
            "number" => number(&flat, false, seed),
            "array" => self.array(&flat, seed, depth),
            "object" => self.object(&flat, seed, depth),
            "string" => text(&flat, seed),
            _ => Err("no_type_fits"),
        }
    }

    /// The schema with everything that holds at the same time in one, and one of each set of alternatives taken.
    fn flat(&self, schema: &Value, depth: usize) -> Result<Map<String, Value>, &'static str> {
        if depth > DEEPEST {
            return Err("recursive");
        }
        let members = match schema {
            Value::Object(members) => members,
            Value::Bool(true) => return Ok(Map::new()),
            _ => return Err("nothing_fits"),
        };
        let mut out = Map::new();
        let comment = members.get("$comment").and_then(Value::as_str).unwrap_or_default();
        if comment.starts_with("pattern: ") {
            return Err("pattern_is_a_comment");
        }
        for (name, value) in members {
            match name.as_str() {
                "$ref" => {
                    let pointer = value.as_str().and_then(|r| r.strip_prefix('#'));
                    let target = pointer.and_then(|p| self.root.pointer(p)).ok_or("bad_ref")?;
                    merge(&mut out, self.flat(target, depth + 1)?);
                }
                "allOf" => {
                    for part in value.as_array().into_iter().flatten() {
                        merge(&mut out, self.flat(part, depth + 1)?);
                    }
                }
                "oneOf" | "anyOf" => {
                    let mut parts = value.as_array().cloned().ok_or("nothing_fits")?;
                    if parts.len() > 1 {
                        parts.retain(|p| p.get("type") != Some(&json!("null")));
                    }
                    let part = &parts[(self.attempt + depth) % parts.len().max(1)];
                    merge(&mut out, self.flat(part, depth + 1)?);
                }
                "description" | "title" | "default" | "deprecated" | "$comment" | "$defs" => {}
                _ => merge(&mut out, Map::from_iter([(name.clone(), value.clone())])),
            }
        }
        Ok(out)
    }

    fn array(&self, schema: &Map<String, Value>, seed: Seed, depth: usize) -> Made {
        let least = bound(schema, "minItems").unwrap_or(0);
        let most = bound(schema, "maxItems").unwrap_or(usize::MAX);
        let wanted = least.max(usize::from(depth < 6 || self.rich)).max(usize::from(self.rich) * 2);
        let open = json!({});
        let firsts = schema.get("prefixItems").and_then(Value::as_array);
        let unique = schema.get("uniqueItems") == Some(&json!(true));
        let mut out: Vec<Value> = Vec::new();
        for n in 0..wanted.min(most) {
            let own = firsts.and_then(|f| f.get(n)).or_else(|| schema.get("items"));
            let made =
                (0..8).map(|t| self.make(own.unwrap_or(&open), seed.with(n + 100 * t), depth + 1));
            let mut fits = made.filter(|m| !unique || m.as_ref().is_ok_and(|m| !out.contains(m)));
            match fits.next() {
                Some(Ok(value)) => out.push(value),
                Some(Err(reason)) if out.len() < least => return Err(reason),
                _ => break,
            }
        }
        if out.len() < least { Err("not_enough_items") } else { Ok(Value::Array(out)) }
    }

    fn object(&self, schema: &Map<String, Value>, seed: Seed, depth: usize) -> Made {
        let open = json!({});
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .map_or_else(Vec::new, |names| names.iter().filter_map(Value::as_str).collect());
        let properties = schema.get("properties").and_then(Value::as_object);
        let others = schema.get("additionalProperties").filter(|a| a.is_object());
        let mut out = Map::new();
        for name in &required {
            let own = properties.and_then(|p| p.get(*name)).or(others).unwrap_or(&open);
            out.insert((*name).to_owned(), self.make(own, self.part(seed, name), depth + 1)?);
        }
        let least = bound(schema, "minProperties").unwrap_or(0);
        let most = bound(schema, "maxProperties").unwrap_or(usize::MAX);
        for (n, (name, own)) in properties.into_iter().flatten().enumerate() {
            let wanted = out.len() < least || (self.rich && self.taken(depth, n, seed));
            if out.contains_key(name) || !wanted || out.len() >= most {
                continue;
            }
            // What may be left out and cannot be made is left out.
            if let Ok(value) = self.make(own, self.part(seed, name), depth + 1) {
                out.insert(name.clone(), value);
            }
        }
        let free =
            properties.is_none_or(Map::is_empty) && others.is_some() && self.rich && depth < 6;
        let closed = schema.get("additionalProperties") == Some(&json!(false));
        let short = if closed { 0 } else { least.saturating_sub(out.len()) };
        for n in 0..short.max(usize::from(free && out.is_empty())) {
            let own = others.unwrap_or(&open);
            out.insert(format!("key{n}"), self.make(own, seed.with(n), depth + 1)?);
        }
        Ok(Value::Object(out))
    }

    /// Whether a member that may be left out is there: all of the arguments, fewer the deeper it goes.
    fn taken(&self, depth: usize, n: usize, seed: Seed) -> bool {
        let all = self.attempt >= ATTEMPTS * 3 / 4;
        match depth {
            0 => true,
            1..=3 => all || seed.with(n).pick(depth + 1) == 0,
            _ => false,
        }
    }

    fn part(&self, seed: Seed, name: &str) -> Seed {
        Seed(seed.0 ^ Seed::of(name).0).with(self.attempt)
    }
}

/// One of the values that has the type.
fn chosen(values: &[Value], schema: &Map<String, Value>, seed: Seed) -> Made {
    let fit: Vec<&Value> = values.iter().filter(|v| !v.is_null() && is_kind(v, schema)).collect();
    // An empty text says nothing in a query.
    let some: Vec<&Value> = fit.iter().copied().filter(|v| *v != "").collect();
    let fit = if some.is_empty() { fit } else { some };
    let one = fit.get(seed.pick(fit.len())).copied();
    one.or_else(|| values.iter().find(|v| v.is_null())).cloned().ok_or("nothing_fits")
}

fn is_kind(value: &Value, schema: &Map<String, Value>) -> bool {
    let name = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits = |kind: &Value| kind == name || (kind == "integer" && value.is_number());
    match schema.get("type") {
        None => true,
        Some(Value::Array(many)) => many.iter().any(fits),
        Some(one) => fits(one),
    }
}

/// The type to make: the first that is told and is not null, or what the keywords speak of.
fn kind(schema: &Map<String, Value>, rich: bool, seed: Seed) -> &str {
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(many)) => {
            let known: Vec<&str> = many.iter().filter_map(Value::as_str).collect();
            let real: Vec<&str> = known.iter().copied().filter(|k| *k != "null").collect();
            let at = if rich { seed.pick(real.len()) } else { 0 };
            real.get(at).or(known.first()).copied().unwrap_or("none")
        }
        _ => {
            let says = |names: &[&str]| names.iter().any(|n| schema.contains_key(*n));
            if says(&["properties", "additionalProperties", "required", "minProperties"]) {
                "object"
            } else if says(&["items", "prefixItems", "minItems"]) {
                "array"
            } else if says(&["minimum", "maximum", "multipleOf"]) {
                "number"
            } else {
                "string"
            }
        }
    }
}

fn number(schema: &Map<String, Value>, whole: bool, seed: Seed) -> Made {
    let get = |name: &str| schema.get(name).and_then(Value::as_f64);
    let step = get("multipleOf").unwrap_or(1.0);
    let low = get("minimum").into_iter().chain(get("exclusiveMinimum")).reduce(f64::max);
    let high = get("maximum").into_iter().chain(get("exclusiveMaximum")).reduce(f64::min);
    let from = low.unwrap_or_else(|| high.map_or(1.0, |h| h.min(1.0)));
    let excluded = get("exclusiveMinimum").is_some_and(|n| from <= n);
    let mut value = (from / step).ceil() * step;
    if excluded && value <= from {
        value += step;
    }
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let further = value + step * seed.pick(40) as f64;
    if high.is_none_or(|h| further < h) {
        value = further;
    }
    let over =
        high.is_some_and(|h| value > h) || get("exclusiveMaximum").is_some_and(|h| value >= h);
    if over && !whole {
        value = f64::midpoint(from, high.unwrap_or(from));
    }
    let whole = whole || value.fract() == 0.0;
    let text = if whole { format!("{value:.0}") } else { value.to_string() };
    serde_json::from_str(&text).map_err(|_| "number_not_known")
}
