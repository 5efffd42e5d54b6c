//! Which secrets of the vault a configuration refers to.

use std::collections::BTreeSet;

use model::{SecretName, Template};

use super::Loaded;

impl Loaded {
    /// Every secret that any text of the configuration refers to, in whatever section it stands.
    pub fn secret_names(&self) -> BTreeSet<SecretName> {
        let mut names = BTreeSet::new();
        if let Ok(table) = self.text.parse::<toml::Table>() {
            table.values().for_each(|value| collect(value, &mut names));
        }
        names
    }
}

/// The depth is bounded by the reader of the file.
fn collect(value: &toml::Value, names: &mut BTreeSet<SecretName>) {
    match value {
        toml::Value::String(text) => {
            // What stands there besides is of no interest here.
            if let Ok(template) = Template::parse_with(text, |_| Ok(String::new())) {
                names.extend(template.names().cloned());
            }
        }
        toml::Value::Array(all) => all.iter().for_each(|value| collect(value, names)),
        toml::Value::Table(table) => table.values().for_each(|value| collect(value, names)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::parse;

    #[test]
    fn references_are_found_wherever_they_stand() {
        let text = r#"
            [[source]]
            name = "shop"
            mcp = { url = "https://shop.example/mcp", headers = { Authorization = "Bearer ${vault:shop/token}" } }
            [[source]]
            name = "tool"
            mcp = { command = ["tool"], env = { KEY = "vault:tool-key", X = "${env:HOME} ${vault:x}", P = "no vault:y" } }
        "#;
        let loaded = parse(Path::new("portcullis.toml"), text.to_owned()).unwrap();
        let names: Vec<_> = loaded.secret_names().iter().map(ToString::to_string).collect();
        assert_eq!(names, ["shop/token", "tool-key", "x"]);
    }
}
