use bytes::Bytes;

use super::members::{Member, Members};
use super::object::Object;

/// An object that is put together of what is JSON already, so that nobody has to read it again.
#[derive(Debug)]
pub(crate) struct Assembly {
    text: Vec<u8>,
    members: Vec<Member>,
}

impl Assembly {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        let mut text = Vec::with_capacity(bytes);
        text.push(b'{');
        Self { text, members: Vec::with_capacity(8) }
    }

    /// One more member: `write` appends its value, which is JSON. No member before it has this name, and nothing in it is
    /// to be escaped.
    pub(crate) fn member(&mut self, name: &'static str, write: impl FnOnce(&mut Vec<u8>)) {
        if !self.members.is_empty() {
            self.text.push(b',');
        }
        let start = self.text.len();
        self.text.push(b'"');
        self.text.extend_from_slice(name.as_bytes());
        self.text.extend_from_slice(b"\":");
        let value = self.text.len();
        write(&mut self.text);
        self.members.push(Member::written(start..value - 1, value..self.text.len()));
    }

    /// One more member that is an object; its own members are noted.
    pub(crate) fn object(&mut self, name: &'static str, object: &Object) {
        let (text, mut start) = (object.text(), 0);
        self.member(name, |out| {
            start = out.len();
            out.extend_from_slice(text.trim_ascii());
        });
        let before = text.len() - text.trim_ascii_start().len();
        object.members().note(&mut self.members, before, start);
    }

    pub(crate) fn finish(self) -> Object {
        let Self { mut text, members } = self;
        text.push(b'}');
        Object::put_together(Bytes::from(text), Members::written(members))
    }
}
