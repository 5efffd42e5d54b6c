use std::io::Read as _;
use std::path::{Path, PathBuf};

use convert::{Options, Select, Tool};
use url::Url;

use crate::config::{GraphQl, Loaded, OpenApi, Source};

/// Most bytes of a description.
const LARGEST: u64 = 100 << 20;

/// What a source can do, as its description says.
pub struct Described {
    /// The same text across restarts, without any secret.
    pub identity: String,
    /// Where it is.
    pub base: Url,
    /// Its tools.
    pub tools: Vec<Tool>,
}

/// Reads the description of an API. Nothing is fetched: a description on the network was fetched at start.
pub fn described(source: &Source, loaded: &Loaded) -> Result<Described, String> {
    if let Some(openapi) = &source.openapi {
        return of_openapi(source, openapi, loaded);
    }
    if let Some(graphql) = &source.graphql {
        return of_graphql(graphql, loaded);
    }
    Err("it has no description".to_owned())
}

fn of_openapi(source: &Source, openapi: &OpenApi, loaded: &Loaded) -> Result<Described, String> {
    let url = address(&openapi.spec);
    let text = if url.is_none() {
        read(&loaded.resolve(Path::new(&openapi.spec)))?
    } else {
        read(&kept(&source.name, loaded)).map_err(|_| {
            format!("`{}` has not been fetched yet: `portcullis serve` does that", openapi.spec)
        })?
    };
    let options = Options {
        document_url: url.map(String::from),
        server: openapi.server.clone(),
        server_variables: openapi.variables.clone().into_iter().collect(),
        select: select(openapi),
    };
    let converted =
        convert::openapi(&text, &options).map_err(|e| format!("`{}`: {e}", openapi.spec))?;
    for skipped in &converted.skipped {
        tracing::info!(
            source = %source.name, code = skipped.code,
            "{} is no tool: {}", skipped.place, skipped.reason
        );
    }
    let server =
        converted.server.or_else(|| converted.tools.first().map(|t| t.recipe.base.clone()));
    let server = server.ok_or_else(|| {
        let reason = converted.skipped.first().map_or("it describes no operation", |s| &s.reason);
        format!("`{}` gives no tool: {reason}", openapi.spec)
    })?;
    let base = Url::parse(&server).map_err(|e| format!("`server` is no URL: {e}"))?;
    Ok(Described { identity: format!("openapi:{base}"), base, tools: converted.tools })
}

fn select(openapi: &OpenApi) -> Select {
    let own = &openapi.select;
    Select {
        tags: own.tags.clone(),
        operations: own.operations.clone(),
        methods: own.methods.clone(),
        paths: own.paths.clone(),
        exclude: own.exclude.clone(),
        no_deprecated: !own.deprecated,
    }
}

fn of_graphql(graphql: &GraphQl, loaded: &Loaded) -> Result<Described, String> {
    let schema = read(&loaded.resolve(&graphql.schema))?;
    let usual = graphql::Options::default();
    let options = graphql::Options {
        endpoint: graphql.endpoint.clone(),
        max_depth: graphql.max_depth.unwrap_or(usual.max_depth),
        max_fields: graphql.max_fields.unwrap_or(usual.max_fields),
    };
    let mut documents = Vec::new();
    for path in &graphql.documents {
        let text = String::from_utf8(read(&loaded.resolve(path))?);
        documents.push((path.display().to_string(), text.map_err(|e| e.to_string())?));
    }
    let converted = if documents.is_empty() {
        graphql::from_schema(&schema, &options)
    } else {
        graphql::from_documents(&schema, &documents, &options)
    };
    let converted = converted.map_err(|e| e.to_string())?;
    for skipped in &converted.skipped {
        tracing::warn!(code = skipped.code, "{} is no tool: {}", skipped.place, skipped.reason);
    }
    let base = Url::parse(&graphql.endpoint).map_err(|e| format!("`endpoint` is no URL: {e}"))?;
    Ok(Described { identity: format!("graphql:{base}"), base, tools: converted.tools })
}

/// The address of a description that is on the network.
pub fn address(spec: &str) -> Option<Url> {
    Url::parse(spec).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// Where the last good copy of a fetched description is.
pub fn kept(source: &str, loaded: &Loaded) -> PathBuf {
    loaded.state_dir().join("descriptions").join(source)
}

/// A file, counted while it is read: what its size says is not believed.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |e: std::io::Error| format!("{} cannot be read: {e}", path.display());
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut text = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut text).map_err(unreadable)?;
    if text.len() as u64 > LARGEST {
        return Err(format!("{} has more than {LARGEST} bytes", path.display()));
    }
    Ok(text)
}
