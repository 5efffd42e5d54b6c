use std::borrow::Cow;

use bytes::Bytes;

use super::object::Object;
use super::text::quote_into;

/// Changes to the members of one object; all else stays as it was written, in its order.
#[derive(Debug, Default, Clone)]
pub struct Edit<'a> {
    changes: Vec<(&'a str, Option<Cow<'a, [u8]>>)>,
}

impl<'a> Edit<'a> {
    /// No change yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a member to a raw JSON value, in place or at the end.
    #[must_use]
    pub fn set(self, name: &'a str, raw: impl Into<Cow<'a, [u8]>>) -> Self {
        self.change(name, Some(raw.into()))
    }

    /// Sets a member to a text.
    #[must_use]
    pub fn set_str(self, name: &'a str, text: &str) -> Self {
        let mut raw = Vec::with_capacity(text.len() + 2);
        quote_into(&mut raw, text);
        self.set(name, raw)
    }

    /// Takes a member out.
    #[must_use]
    pub fn remove(self, name: &'a str) -> Self {
        self.change(name, None)
    }

    /// The last word on a member counts: two changes to one would write it twice.
    fn change(mut self, name: &'a str, to: Option<Cow<'a, [u8]>>) -> Self {
        self.changes.retain(|(other, _)| *other != name);
        self.changes.push((name, to));
        self
    }

    /// The object with the changes made. Without changes it is the same buffer.
    pub fn apply(&self, object: &Object) -> Bytes {
        if self.changes.is_empty() {
            return object.text().clone();
        }
        let text = object.text();
        let added: usize =
            self.changes.iter().map(|(n, v)| n.len() + 6 + v.as_ref().map_or(0, |v| v.len())).sum();
        let mut out = Vec::with_capacity(text.len() + added);
        out.push(b'{');
        for (name, place) in object.entries() {
            let value = match self.changes.iter().find(|(changed, _)| name.is(changed)) {
                None => &text[place],
                Some((_, Some(raw))) => raw,
                Some((_, None)) => continue,
            };
            comma(&mut out);
            out.extend_from_slice(name.quoted);
            out.push(b':');
            out.extend_from_slice(value);
        }
        for (name, value) in &self.changes {
            if let Some(raw) = value.as_ref().filter(|_| !object.has(name)) {
                comma(&mut out);
                quote_into(&mut out, name);
                out.push(b':');
                out.extend_from_slice(raw);
            }
        }
        out.push(b'}');
        Bytes::from(out)
    }
}

fn comma(out: &mut Vec<u8>) {
    if out.len() > 1 {
        out.push(b',');
    }
}

#[cfg(test)]
mod tests {
    use super::super::scan::Limits;
    use super::*;

    fn edit(text: &'static str, edit: &Edit<'_>) -> String {
        let object = Object::parse(Bytes::from_static(text.as_bytes()), Limits::REQUEST).unwrap();
        String::from_utf8(edit.apply(&object).to_vec()).unwrap()
    }

    #[test]
    fn what_is_not_named_keeps_its_bytes_and_its_order() {
        let e = Edit::new().set_str("name", "x").remove("c").set("z", &b"[1]"[..]);
        assert_eq!(
            edit(r#"{"b": 1e2, "name":"long", "c":0, "a":{ "k" : 1.0}}"#, &e),
            r#"{"b":1e2,"name":"x","a":{ "k" : 1.0},"z":[1]}"#
        );
        assert_eq!(edit("{}", &e), r#"{"name":"x","z":[1]}"#);
        assert_eq!(edit(r#"{"c":1}"#, &Edit::new().remove("c")), "{}");
    }

    #[test]
    fn no_change_is_the_same_buffer() {
        let object = Object::parse(Bytes::from_static(b"{ \"a\" :1 }"), Limits::REQUEST).unwrap();
        assert_eq!(Edit::new().apply(&object).as_ptr(), object.text().as_ptr());
    }
}
