//! `subscriptions/listen` (2026-07-28 basic/patterns/subscriptions, section 2.8).

use bytes::Bytes;

use super::draft::Draft;
use super::keys::SUBSCRIPTION_ID;
use super::open::texts_of;
use super::writer::{Writer, texts};
use crate::json::{JsonError, Kind, Object};
use crate::rpc::Id;
use crate::splice::Splice;

/// What a listener wants to hear, or what a server accepts of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListenFilter {
    /// `toolsListChanged`
    pub tools: bool,
    /// `promptsListChanged`
    pub prompts: bool,
    /// `resourcesListChanged`
    pub resources: bool,
    /// `resourceSubscriptions`: URIs.
    pub uris: Vec<String>,
    /// `taskIds`, of the tasks extension.
    pub tasks: Vec<String>,
}

impl ListenFilter {
    /// Reads the `notifications` member of the params of `subscriptions/listen` or of its acknowledgement. Flags that
    /// are absent or `null` are off; members of another kind are refused, unknown ones ignored.
    pub fn parse(params: &Object) -> Result<Self, JsonError> {
        let Some(filter) = params.object("notifications")? else {
            return Err(JsonError::Kind);
        };
        let flag = |name| match filter.raw(name) {
            None | Some(b"false" | b"null") => Ok(false),
            Some(b"true") => Ok(true),
            Some(_) => Err(JsonError::Kind),
        };
        let list = |name| match filter.get(name) {
            None => Ok(Vec::new()),
            Some(raw) if Kind::of(&raw) == Some(Kind::Null) => Ok(Vec::new()),
            Some(raw) => texts_of(&raw).ok_or(JsonError::Kind),
        };
        Ok(Self {
            tools: flag("toolsListChanged")?,
            prompts: flag("promptsListChanged")?,
            resources: flag("resourcesListChanged")?,
            uris: list("resourceSubscriptions")?,
            tasks: list("taskIds")?,
        })
    }

    /// The raw params that carry it: `{"notifications": {…}}`. What is off is left out.
    pub fn write(&self) -> Bytes {
        let mut out = Writer::new();
        let flags = [
            ("toolsListChanged", self.tools),
            ("promptsListChanged", self.prompts),
            ("resourcesListChanged", self.resources),
        ];
        for (name, _) in flags.iter().filter(|(_, on)| *on) {
            out.raw(name, b"true");
        }
        for (name, list) in [("resourceSubscriptions", &self.uris), ("taskIds", &self.tasks)] {
            if !list.is_empty() {
                out.raw(name, &texts(list.iter().map(String::as_str)));
            }
        }
        Writer::new().raw("notifications", &out.finish()).finish()
    }

    /// Whether there is nothing to hear.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Raw params (or a result) with the subscription id of a listen stream in `_meta`: the id of the listen request, its
/// type preserved.
pub fn tag(params: &Object, listen: &Id) -> Result<Bytes, JsonError> {
    let mut draft = Draft::from(params.clone());
    draft.set_meta(SUBSCRIPTION_ID, listen.raw().clone());
    Ok(draft.write()?.into_bytes())
}

/// Raw params without a subscription id, as a legacy client hears them (section 7.12); `_meta` goes too if nothing is
/// left in it.
pub fn untag(params: &Object) -> Result<Bytes, JsonError> {
    let meta = match params.object("_meta")? {
        Some(meta) if meta.raw(SUBSCRIPTION_ID).is_some() => meta,
        _ => return Ok(params.text().clone()),
    };
    let mut splice = Splice::new();
    if meta.len() == 1 {
        splice.remove("_meta");
    } else {
        splice.set("_meta", Splice::new().remove(SUBSCRIPTION_ID).apply(&meta));
    }
    Ok(splice.apply(params).into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Limits;

    fn object(text: &str) -> Object {
        Object::parse(Bytes::copy_from_slice(text.as_bytes()), Limits::REQUEST).unwrap()
    }

    #[test]
    fn a_filter_is_read_and_written_alike_2_8() {
        let text = r#"{"notifications":{"toolsListChanged":true,"resourcesListChanged":true,"resourceSubscriptions":["file:///a"],"taskIds":["t"]}}"#;
        let filter = ListenFilter::parse(&object(text)).unwrap();
        assert!(filter.tools && !filter.prompts && !filter.is_empty());
        assert_eq!(filter.write(), text);
        let off = r#"{"notifications":{"toolsListChanged":false,"taskIds":null,"x":1}}"#;
        assert!(ListenFilter::parse(&object(off)).unwrap().is_empty());
        for bad in [
            "{}",
            r#"{"notifications":[]}"#,
            r#"{"notifications":{"toolsListChanged":1}}"#,
            r#"{"notifications":{"resourceSubscriptions":"file:///a"}}"#,
            r#"{"notifications":{"taskIds":[7]}}"#,
        ] {
            assert!(ListenFilter::parse(&object(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_message_of_a_stream_carries_its_id_and_none_reaches_a_legacy_client_7_12() {
        let id = Id::from_raw(Bytes::from_static(b"7")).unwrap();
        let plain = [r#"{"uri":"file:///a"}"#, r#"{"uri":"a","_meta":{"k":1}}"#, "{}"];
        let tagged = [
            r#"{"uri":"file:///a","_meta":{"io.modelcontextprotocol/subscriptionId":7}}"#,
            r#"{"uri":"a","_meta":{"k":1,"io.modelcontextprotocol/subscriptionId":7}}"#,
            r#"{"_meta":{"io.modelcontextprotocol/subscriptionId":7}}"#,
        ];
        for (plain, tagged) in plain.iter().zip(tagged) {
            assert_eq!(tag(&object(plain), &id).unwrap(), tagged);
            assert_eq!(untag(&object(tagged)).unwrap(), plain);
            assert_eq!(untag(&object(plain)).unwrap(), plain);
        }
    }
}
