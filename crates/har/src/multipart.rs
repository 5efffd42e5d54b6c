//! Forms as they stood in the text of a request.

use convert::essence;

use crate::entry::{Param, PostData};
use crate::fields::{Fields, MOST};

/// The fields of a form, from what was recorded of it: fields one by one, or the text.
pub(crate) fn read(data: &PostData, keep: &mut dyn FnMut(&str)) -> Option<Fields> {
    let kind = data.mime_type.as_deref().unwrap_or_default();
    let mut fields = Fields::one();
    let given = data.params.as_deref().unwrap_or_default();
    if !given.is_empty() {
        if given.len() > MOST {
            return None;
        }
        for param in given {
            one(param, &mut fields, keep);
        }
        return Some(fields);
    }
    let text = data.text.as_deref()?;
    if essence(kind) == "application/x-www-form-urlencoded" {
        for (n, (name, value)) in url::form_urlencoded::parse(text.trim().as_bytes()).enumerate() {
            if n >= MOST {
                return None;
            }
            fields.add(&name, &value, keep);
        }
        return Some(fields);
    }
    for (n, part) in parts(kind, text)?.into_iter().enumerate() {
        if n >= MOST {
            return None;
        }
        let (head, body) = part.split_once("\r\n\r\n").or_else(|| part.split_once("\n\n"))?;
        let name = parameter(head, "name")?;
        if parameter(head, "filename").is_some() {
            fields.file(name);
        } else {
            fields.add(name, body.trim_end_matches(['\r', '\n']), keep);
        }
    }
    Some(fields)
}

fn one(param: &Param, fields: &mut Fields, keep: &mut dyn FnMut(&str)) {
    if param.file_name.is_some()
        || param.content_type.as_deref() == Some("application/octet-stream")
    {
        fields.file(&param.name);
    } else {
        fields.add(&param.name, param.value.as_deref().unwrap_or_default(), keep);
    }
}

/// The parts between the boundaries.
fn parts<'t>(kind: &str, text: &'t str) -> Option<Vec<&'t str>> {
    let boundary =
        kind.split(';').find_map(|p| p.trim().strip_prefix("boundary="))?.trim_matches('"');
    if boundary.is_empty() {
        return None;
    }
    let mark = format!("--{boundary}");
    let mut rest = text.split(mark.as_str()).skip(1);
    let mut out = Vec::new();
    for part in &mut rest {
        if part.starts_with("--") {
            return Some(out);
        }
        out.push(part.trim_start_matches(['\r', '\n']));
    }
    // It has no end: part of it is missing.
    None
}

/// A quoted parameter of `Content-Disposition`.
fn parameter<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let line = head.lines().find(|l| l.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let mark = format!("{name}=\"");
    let mut from = 0;
    while let Some(found) = line[from..].find(&mark) {
        let at = from + found;
        // `filename=` ends like `name=`.
        if line[..at].ends_with([' ', ';']) {
            return line[at + mark.len()..].split('"').next();
        }
        from = at + mark.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(mime: &str, text: &str) -> PostData {
        PostData {
            mime_type: Some(mime.into()),
            text: Some(text.into()),
            params: None,
            encoding: None,
        }
    }

    #[test]
    fn parts_with_a_file_name_are_files_and_the_rest_are_fields() {
        let text = "--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nHello\r\n--b\r\n\
            Content-Disposition: form-data; filename=\"a.png\"; name=\"picture\"\r\nContent-Type: image/png\r\n\r\nxx\r\n--b--\r\n";
        let fields = read(&data("multipart/form-data; boundary=b", text), &mut |_| {}).unwrap();
        let told: Vec<_> = fields.shown().map(|(name, f, _)| (name.as_str(), f.file)).collect();
        assert_eq!(told, [("picture", true), ("title", false)]);
        let torn = text.replace("--b--", "");
        assert_eq!(read(&data("multipart/form-data; boundary=b", &torn), &mut |_| {}), None);
        assert_eq!(read(&data("multipart/form-data", text), &mut |_| {}), None);
    }

    #[test]
    fn a_form_in_a_url_is_read() {
        let fields =
            read(&data("application/x-www-form-urlencoded", "a=1&b=x+y&a=2"), &mut |_| {}).unwrap();
        let told: Vec<_> = fields.shown().map(|(name, f, _)| (name.as_str(), f.repeated)).collect();
        assert_eq!(told, [("a", true), ("b", false)]);
    }
}
