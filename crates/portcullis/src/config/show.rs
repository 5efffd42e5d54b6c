use super::Loaded;
use super::place::{Step, locate};

/// The text of a configuration with every plain value of `env` and `headers` masked, and the queries of URLs: fit to
/// be shown to others. The rest stands as it was written.
pub fn show(loaded: &Loaded) -> String {
    let mut masked = Vec::new();
    for (n, source) in loaded.config.source.iter().enumerate() {
        let at = |rest: &[&str]| {
            let mut path = vec![Step::from("source"), n.into(), "mcp".into()];
            path.extend(rest.iter().map(|key| Step::from(*key)));
            locate(&loaded.text, &path).map(|found| found.value)
        };
        let Some(mcp) = &source.mcp else { continue };
        for (table, values) in [("env", &mcp.env), ("headers", &mcp.headers)] {
            let each = values.iter();
            masked
                .extend(each.filter_map(|(key, value)| Some((at(&[table, key])?, value.shown()))));
        }
        let query = mcp.url.as_deref().and_then(|url| url.split_once('?'));
        if let (Some((before, _)), Some(span)) = (query, at(&["url"])) {
            masked.push((span, format!("{before}?•••")));
        }
    }
    masked.sort_by_key(|(span, _)| span.start);
    let (mut out, mut from) = (String::new(), 0);
    for (span, shown) in masked {
        out.push_str(&loaded.text[from..span.start]);
        out.push_str(&serde_json::Value::String(shown).to_string());
        from = span.end;
    }
    out + &loaded.text[from..]
}
