use bytes::Bytes;

use crate::Rope;
use crate::json::{Object, quote_into};

/// Changes to the members of a large object, made by cutting its text rather than by copying it.
///
/// What is not named keeps its bytes, its order and the white space around it. For small objects
/// [`crate::json::Edit`] does the same into one buffer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Splice<'a> {
    changes: Vec<(&'a str, Option<Rope>)>,
}

impl<'a> Splice<'a> {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn with_capacity(changes: usize) -> Self {
        Self { changes: Vec::with_capacity(changes) }
    }

    /// Sets a member to a raw JSON value, in place or at the end. The last word on a member counts.
    pub(crate) fn set(&mut self, name: &'a str, raw: impl Into<Rope>) -> &mut Self {
        self.change(name, Some(raw.into()))
    }

    /// Takes a member out.
    pub(crate) fn remove(&mut self, name: &'a str) -> &mut Self {
        self.change(name, None)
    }

    fn change(&mut self, name: &'a str, to: Option<Rope>) -> &mut Self {
        self.changes.retain(|(other, _)| *other != name);
        self.changes.push((name, to));
        self
    }

    /// The text with the changes made: slices of the object's own buffer, and the new pieces. Uses the changes up.
    pub(crate) fn apply(&mut self, object: &Object) -> Rope {
        let text = object.text();
        let Some(open) = text.iter().position(|b| *b == b'{') else { return text.clone().into() };
        let mut changes = std::mem::take(&mut self.changes);
        // Each change cuts the text in two and puts pieces between: what is new, and up to two around it.
        let pieces = |(_, new): &(&str, Option<Rope>)| 3 + new.iter().flat_map(Rope::parts).count();
        let out = Rope::with_capacity(1 + changes.iter().map(pieces).sum::<usize>());
        let mut cut = Cut { text, out, kept: 0..open + 1, empty: true };
        let mut before = open + 1;
        for (name, value) in object.entries() {
            match changes.iter().position(|(changed, _)| name.is(changed)) {
                None => cut.keep(before, value.end),
                Some(at) => {
                    if let (_, Some(new)) = changes.remove(at) {
                        cut.keep(before, value.start);
                        cut.insert(new);
                    }
                }
            }
            before = value.end;
        }
        for (name, new) in changes {
            if let Some(new) = new {
                cut.add(name, new);
            }
        }
        cut.keep_tail(before);
        cut.out
    }
}

/// The rope while it is cut. `kept` is the stretch of the old text that is still to be pushed.
struct Cut<'a> {
    text: &'a Bytes,
    out: Rope,
    kept: std::ops::Range<usize>,
    empty: bool,
}

impl Cut<'_> {
    /// Keeps a stretch that begins behind the last value (or the opening brace) and holds one member.
    fn keep(&mut self, mut from: usize, to: usize) {
        if self.empty {
            // What stood before this member is gone, and so is the comma behind it.
            let gap = &self.text[from..to];
            let comma =
                gap.iter().position(|b| !b" \t\r\n".contains(b)).filter(|at| gap[*at] == b',');
            from += comma.map_or(0, |at| at + 1);
            self.empty = false;
        }
        self.stretch(from, to);
    }

    fn keep_tail(&mut self, from: usize) {
        self.stretch(from, self.text.len());
        self.flush();
    }

    fn stretch(&mut self, from: usize, to: usize) {
        if self.kept.end == from {
            self.kept.end = to;
            return;
        }
        self.flush();
        self.kept = from..to;
    }

    fn flush(&mut self) {
        self.out.push(self.text.slice(self.kept.clone()));
        self.kept = self.kept.end..self.kept.end;
    }

    fn insert(&mut self, new: Rope) {
        self.flush();
        self.out.append(new);
    }

    fn add(&mut self, name: &str, new: Rope) {
        let mut head = Vec::with_capacity(name.len() + 4);
        if !self.empty {
            head.push(b',');
        }
        self.empty = false;
        quote_into(&mut head, name);
        head.push(b':');
        self.flush();
        self.out.push(head);
        self.out.append(new);
    }
}

/// A text as a JSON string, as bytes.
pub(crate) fn quoted(text: &str) -> Bytes {
    let mut out = Vec::with_capacity(text.len() + 2);
    quote_into(&mut out, text);
    Bytes::from(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::{Edit, Limits};

    fn object(text: &str) -> Object {
        Object::parse(Bytes::copy_from_slice(text.as_bytes()), Limits::REPLY).unwrap()
    }

    fn spliced(text: &str, make: impl Fn(&mut Splice<'_>)) -> String {
        let mut splice = Splice::new();
        make(&mut splice);
        String::from_utf8(splice.apply(&object(text)).into_bytes().to_vec()).unwrap()
    }

    #[test]
    fn what_is_not_named_keeps_even_its_white_space() {
        let text = " { \"a\" : 1 , \"b\":[ 2 ] ,\n \"c\":3 } ";
        assert_eq!(spliced(text, |s| _ = s.remove("a")), " { \"b\":[ 2 ] ,\n \"c\":3 } ");
        assert_eq!(spliced(text, |s| _ = s.remove("b")), " { \"a\" : 1 ,\n \"c\":3 } ");
        assert_eq!(spliced(text, |s| _ = s.remove("c")), " { \"a\" : 1 , \"b\":[ 2 ] } ");
        assert_eq!(spliced(text, |s| _ = s.set("b", "7")), " { \"a\" : 1 , \"b\":7 ,\n \"c\":3 } ");
        assert_eq!(
            spliced(text, |s| _ = s.set("d", "4")),
            " { \"a\" : 1 , \"b\":[ 2 ] ,\n \"c\":3,\"d\":4 } "
        );
        assert_eq!(spliced("{ }", |s| _ = s.set("d", "4")), "{\"d\":4 }");
        assert_eq!(spliced("{\"a\":1}", |s| _ = s.remove("a").set("d", "4")), "{\"d\":4}");
        assert_eq!(spliced("{\"a\":1,\"b\":2}", |s| _ = s.remove("a").remove("b")), "{}");
    }

    #[test]
    fn untouched_pieces_are_slices_of_the_old_buffer() {
        let o = object(r#"{"content":["large"],"x":1}"#);
        let parts = Splice::new().set("y", "2").apply(&o).into_parts();
        assert_eq!(parts[0].as_ptr(), o.text().as_ptr());
        assert_eq!(Splice::new().apply(&o).into_parts(), [o.text().clone()]);
    }

    proptest! {
        #[test]
        fn it_means_the_same_as_an_edit(
            members in prop::collection::btree_map("[a-d]", 0u8..9, 0..4),
            changes in prop::collection::btree_map("[a-e]", prop::option::of(0u8..9), 0..4),
            gap in "[ \n]{0,2}",
        ) {
            let fields: Vec<_> = members.iter().map(|(n, v)| format!("{gap}\"{n}\"{gap}:{gap}{v}{gap}")).collect();
            let text = format!("{gap}{{{gap}{}}}{gap}", fields.join(","));
            let (mut splice, mut edit) = (Splice::new(), Edit::new());
            for (name, value) in &changes {
                if let Some(v) = value {
                    splice.set(name, v.to_string());
                    edit = edit.set(name, v.to_string().into_bytes());
                } else {
                    splice.remove(name);
                    edit = edit.remove(name);
                }
            }
            let value = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).unwrap();
            let object = object(&text);
            prop_assert_eq!(value(&splice.apply(&object).into_bytes()), value(&edit.apply(&object)));
        }
    }
}
