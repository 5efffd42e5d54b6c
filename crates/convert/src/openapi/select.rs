use super::operation::Found;

/// Which operations are wanted: those that fit every list that is not empty, and are not excluded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Select {
    /// With one of these tags.
    pub tags: Vec<String>,
    /// With one of these operationIds; a `*` at the end stands for any rest.
    pub operations: Vec<String>,
    /// With one of these methods.
    pub methods: Vec<String>,
    /// At one of these paths; a `*` at the end stands for any rest.
    pub paths: Vec<String>,
    /// Never those with one of these operationIds; a `*` at the end stands for any rest.
    pub exclude: Vec<String>,
    /// Not those that are deprecated.
    pub no_deprecated: bool,
}

impl Select {
    pub(super) fn wants(&self, found: &Found<'_>) -> bool {
        let any = |list: &[String], test: &dyn Fn(&str) -> bool| {
            list.is_empty() || list.iter().any(|entry| test(entry))
        };
        let id = found.operation_id().unwrap_or_default();
        let tags = found.tags();
        let off =
            found.operation.pointer("/x-mcp/enabled") == Some(&serde_json::Value::Bool(false));
        !off && any(&self.tags, &|tag| tags.iter().any(|t| t == tag))
            && any(&self.operations, &|pattern| fits(pattern, id))
            && any(&self.methods, &|method| method.eq_ignore_ascii_case(found.method))
            && any(&self.paths, &|pattern| fits(pattern, found.path))
            && !self.exclude.iter().any(|pattern| fits(pattern, id))
            && !(self.no_deprecated && found.is("deprecated"))
    }
}

fn fits(pattern: &str, text: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => text.starts_with(prefix),
        None => text == pattern,
    }
}
