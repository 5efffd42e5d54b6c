//! Fields with names and texts: queries and forms.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::secret;
use crate::text::Text;

/// Most fields of one query or form.
pub(crate) const MOST: usize = 256;

/// Fields of one place, in one sample or in several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    /// How many samples.
    pub(crate) seen: usize,
    /// By name.
    pub(crate) all: BTreeMap<String, Field>,
    /// Names of those that held secrets.
    pub(crate) hidden: BTreeSet<String>,
}

/// One field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Field {
    /// In how many samples it was.
    pub(crate) present: usize,
    /// Whether it was several times in one.
    pub(crate) repeated: bool,
    /// What its texts have in common.
    pub(crate) text: Option<Text>,
    /// Whether it was a file.
    pub(crate) file: bool,
    /// Whether it was a text.
    pub(crate) plain: bool,
}

impl Fields {
    /// No fields, in one sample.
    pub(crate) fn one() -> Self {
        Self { seen: 1, ..Self::default() }
    }

    /// Takes in a field of a sample. A secret is handed to `keep`, and only its name stays.
    pub(crate) fn add(&mut self, name: &str, text: &str, keep: &mut dyn FnMut(&str)) {
        if secret::name(name) || secret::value(name, text) {
            keep(text);
            if !secret::is_no_name(name) {
                self.hidden.insert(name.to_owned());
            }
            return;
        }
        if secret::is_no_name(name) || is_noise(name) {
            return;
        }
        let field = self.all.entry(name.to_owned()).or_default();
        field.again();
        field.plain = true;
        match &mut field.text {
            Some(own) => own.merge(&Text::of(text)),
            none => *none = Some(Text::of(text)),
        }
    }

    /// Takes in a file of a sample.
    pub(crate) fn file(&mut self, name: &str) {
        if !secret::is_no_name(name) && !secret::name(name) {
            let field = self.all.entry(name.to_owned()).or_default();
            field.again();
            field.file = true;
        }
    }

    /// Takes in other samples. The order says nothing.
    pub(crate) fn merge(&mut self, other: Self) {
        self.seen += other.seen;
        self.hidden.extend(other.hidden);
        for (name, field) in other.all {
            let own = self.all.entry(name).or_default();
            own.present += field.present;
            own.repeated |= field.repeated;
            own.file |= field.file;
            own.plain |= field.plain;
            match (&mut own.text, field.text) {
                (Some(own), Some(other)) => own.merge(&other),
                (own, Some(other)) => *own = Some(other),
                (_, None) => {}
            }
        }
    }

    /// Fields that are shown, each with whether it was in every sample.
    pub(crate) fn shown(&self) -> impl Iterator<Item = (&String, &Field, bool)> {
        let shown = self.all.iter().filter(|(name, _)| !self.hidden.contains(*name));
        shown.map(|(name, field)| (name, field, field.present == self.seen))
    }
}

impl Field {
    fn again(&mut self) {
        self.repeated |= self.present > 0;
        self.present = 1;
    }

    /// The schema of its argument.
    pub(crate) fn schema(&self) -> Value {
        let one = match &self.text {
            _ if self.file => json!({ "type": "string", "contentEncoding": "base64" }),
            Some(text) => text.argument(),
            None => json!({ "type": "string" }),
        };
        if self.repeated { json!({ "type": "array", "items": one }) } else { one }
    }
}

/// Names that serve caches and campaigns.
fn is_noise(name: &str) -> bool {
    let small = name.to_ascii_lowercase();
    small.starts_with("utm_")
        || matches!(
            small.as_str(),
            "_" | "_t"
                | "cb"
                | "cachebuster"
                | "nocache"
                | "gclid"
                | "fbclid"
                | "msclkid"
                | "_ga"
                | "_gl"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Fields {
        let mut fields = Fields::one();
        for (name, text) in pairs {
            fields.add(name, text, &mut |_| {});
        }
        fields
    }

    #[test]
    fn a_field_is_required_if_it_is_in_all_samples_and_a_list_if_it_is_there_twice() {
        let mut all = of(&[("q", "x"), ("tag", "a"), ("tag", "b")]);
        all.merge(of(&[("q", "y"), ("page", "2")]));
        let told: Vec<_> = all
            .shown()
            .map(|(name, field, always)| (name.as_str(), field.repeated, always))
            .collect();
        assert_eq!(told, [("page", false, false), ("q", false, true), ("tag", true, false)]);
    }

    #[test]
    fn secrets_are_hidden_once_and_for_all_and_noise_is_left_out() {
        let mut kept = Vec::new();
        let mut all = Fields::one();
        for (name, text) in
            [("api_key", "k"), ("utm_source", "x"), ("_", "1700000000000"), ("1700000000000", "")]
        {
            all.add(name, text, &mut |text| kept.push(text.to_owned()));
        }
        all.merge(of(&[("x", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln")]));
        all.merge(of(&[("x", "plain")]));
        assert_eq!(kept, ["k"]);
        assert_eq!(all.shown().count(), 0);
        assert_eq!(all.hidden.iter().collect::<Vec<_>>(), ["api_key", "x"]);
    }
}
