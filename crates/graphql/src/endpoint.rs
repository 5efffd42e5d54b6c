use convert::{Body, BodyKind, Recipe};
use url::Url;

use crate::Unreadable;

/// Where operations are posted to, taken apart as a recipe wants it.
pub(crate) struct Endpoint {
    base: String,
    path: String,
    query: Vec<(String, String)>,
}

impl Endpoint {
    pub(crate) fn read(text: &str) -> Result<Self, Unreadable> {
        let bad = |why: &str| {
            let message = format!(
                "the endpoint {why}: give an absolute URL such as https://api.example.com/graphql"
            );
            Unreadable::new("graphql_endpoint", message)
        };
        let url = Url::parse(text).map_err(|_| bad("is no absolute URL"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(bad("is no http or https URL"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("carries credentials, which belong into the vault"));
        }
        if url.fragment().is_some() {
            return Err(bad("has a fragment"));
        }
        // A brace would mark a place for a value in a recipe's path.
        if url.path().contains(['{', '}']) {
            return Err(bad("has a brace in its path"));
        }
        Ok(Self {
            base: url.origin().ascii_serialization(),
            path: url.path().to_owned(),
            query: url.query_pairs().into_owned().collect(),
        })
    }

    /// The recipe of an operation whose arguments are its variables, by the same names.
    pub(crate) fn recipe(
        &self,
        document: String,
        operation: String,
        variables: &[String],
    ) -> Recipe {
        Recipe {
            method: "POST".to_owned(),
            base: self.base.clone(),
            path: self.path.clone(),
            query: self.query.clone(),
            headers: Vec::new(),
            parameters: Vec::new(),
            body: Some(Body {
                media_type: "application/json".to_owned(),
                kind: BodyKind::GraphQl { document, operation },
                required: true,
                members: variables.iter().map(|name| (name.clone(), name.clone())).collect(),
                whole: None,
                constants: Vec::new(),
            }),
            security: Vec::new(),
            produces: vec![
                "application/graphql-response+json".to_owned(),
                "application/json".to_owned(),
            ],
        }
    }
}
