use http::HeaderValue;
use url::Url;

/// The target of the first link with the relation `next` (RFC 8288), if it has the origin of the page it came with.
pub(crate) fn next_link<'a>(
    fields: impl Iterator<Item = &'a HeaderValue>,
    from: &Url,
) -> Option<Url> {
    let mut links = fields.filter_map(|field| field.to_str().ok()).flat_map(links);
    let target = links.find(|(_, relation)| *relation)?.0;
    let next = from.join(target).ok()?;
    (next.origin() == from.origin()).then_some(next)
}

/// Targets of a field, and whether each has the relation `next`.
fn links(field: &str) -> Vec<(&str, bool)> {
    let mut found = Vec::new();
    let mut rest = field;
    while let Some((target, after)) = rest.split_once('<').and_then(|(_, r)| r.split_once('>')) {
        // Parameters go on to the next `<` that begins a link: one after a comma.
        let end = after.find(",<").or_else(|| after.find(", <")).unwrap_or(after.len());
        let (parameters, later) = after.split_at(end);
        found.push((target, is_next(parameters)));
        rest = later;
    }
    found
}

fn is_next(parameters: &str) -> bool {
    parameters.split(';').filter_map(|p| p.split_once('=')).any(|(name, value)| {
        name.trim().eq_ignore_ascii_case("rel")
            && value
                .trim()
                .trim_matches('"')
                .split_ascii_whitespace()
                .any(|r| r.eq_ignore_ascii_case("next"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(field: &str) -> Option<String> {
        let from = Url::parse("https://api.example/items?page=1").unwrap();
        let field = HeaderValue::from_str(field).unwrap();
        next_link(std::iter::once(&field), &from).map(String::from)
    }

    #[test]
    fn the_link_to_the_next_page_is_found_among_others() {
        let field =
            r#"</items?page=9>; rel="last", </items?page=2>; title="x; y"; rel="next prefetch""#;
        assert_eq!(next(field).as_deref(), Some("https://api.example/items?page=2"));
        assert_eq!(next("<?page=2>;REL=next").as_deref(), Some("https://api.example/items?page=2"));
        assert_eq!(next(r#"</a>; rel="prev""#), None);
    }

    #[test]
    fn a_next_page_on_another_origin_is_no_next_page() {
        assert_eq!(next("<https://evil.example/items?page=2>; rel=next"), None);
        assert_eq!(next("<http://api.example/items?page=2>; rel=next"), None);
    }
}
