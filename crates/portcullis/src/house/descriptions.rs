use std::io::Read as _;
use std::path::{Path, PathBuf};

use convert::{Location, Options, Select, Tool};
use url::Url;

use crate::config::{GraphQl, Loaded, OpenApi, Source};

/// Most bytes of a description, where nothing else is said.
const LARGEST: u64 = 50_000_000;

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
        return of_graphql(source, graphql, loaded);
    }
    if let Some(har) = &source.har {
        return super::recordings::described(source, &har.0, loaded);
    }
    Err("it has no description".to_owned())
}

fn of_openapi(source: &Source, openapi: &OpenApi, loaded: &Loaded) -> Result<Described, String> {
    let url = address(&openapi.spec);
    let text = if url.is_none() {
        file(source, Path::new(&openapi.spec), loaded)?
    } else {
        counted(&kept(&source.name, loaded), largest(source)).map_err(|_| {
            format!("`{}` has not been fetched yet: `portcullis serve` does that", openapi.spec)
        })?
    };
    let options = Options {
        document_url: url.map(String::from),
        server: openapi.server.clone(),
        server_variables: openapi.variables.clone().into_iter().collect(),
        fixed: openapi.parameters.clone().into_iter().collect(),
        select: select(openapi),
    };
    let unreadable = |e: convert::Unreadable| format!("`{}`: {e}", openapi.spec);
    let mut document = convert::read(&text).map_err(unreadable)?;
    drop(text);
    for path in &openapi.overlays {
        overlay(source, path, loaded, &mut document)?;
    }
    let converted = convert::openapi_value(&document, &options).map_err(unreadable)?;
    for (name, value) in &openapi.parameters {
        chosen(name, value, &converted.tools)?;
    }
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

/// Changes a description by an overlay.
fn overlay(
    source: &Source,
    path: &Path,
    loaded: &Loaded,
    document: &mut serde_json::Value,
) -> Result<(), String> {
    let failed = |e: convert::BadOverlay| format!("{}: {e}", path.display());
    let overlay = convert::Overlay::read(&file(source, path, loaded)?).map_err(failed)?;
    for target in overlay.apply(document).map_err(failed)? {
        tracing::warn!(source = %source.name, "{}: `{target}` selects nothing", path.display());
    }
    Ok(())
}

/// A chosen value must have somewhere to go, and be able to go there: a misspelt name would leave the choice to agents.
fn chosen(name: &str, value: &str, tools: &[Tool]) -> Result<(), String> {
    if value.chars().any(char::is_control) {
        return Err(format!("`parameters`: the value of `{name}` holds a control character"));
    }
    let is_here = |p: &convert::Parameter| match p.location {
        Location::Header => p.wire.eq_ignore_ascii_case(name),
        Location::Cookie => p.wire == name,
        Location::Path | Location::Query => false,
    };
    if tools.iter().any(|t| t.recipe.parameters.iter().any(is_here)) {
        return Ok(());
    }
    Err(format!("`parameters`: no operation has a header or cookie parameter `{name}`"))
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

fn of_graphql(source: &Source, graphql: &GraphQl, loaded: &Loaded) -> Result<Described, String> {
    let schema = match &graphql.schema {
        Some(path) => file(source, path, loaded)?,
        None => counted(&kept(&source.name, loaded), LARGEST).map_err(|_| {
            format!(
                "the schema of `{}` has not been fetched yet: `portcullis serve` does that, or name a file in `schema`",
                graphql.endpoint
            )
        })?,
    };
    let usual = graphql::Options::default();
    let options = graphql::Options {
        endpoint: graphql.endpoint.clone(),
        max_depth: graphql.max_depth.unwrap_or(usual.max_depth),
        max_fields: graphql.max_fields.unwrap_or(usual.max_fields),
    };
    let mut documents = Vec::new();
    for path in &graphql.documents {
        let text = String::from_utf8(file(source, path, loaded)?);
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

/// A whole file of the usual size.
pub fn read(path: &Path) -> Result<Vec<u8>, String> {
    counted(path, LARGEST)
}

/// Most bytes of the description of a source.
pub fn largest(source: &Source) -> u64 {
    source.openapi.as_ref().and_then(|openapi| openapi.max_size).map_or(LARGEST, |size| size.0)
}

/// A file that a source names: one of its pack, if it comes from one.
fn file(source: &Source, path: &Path, loaded: &Loaded) -> Result<Vec<u8>, String> {
    let Some(origin) = &source.pack else { return counted(&loaded.resolve(path), largest(source)) };
    let name = path.display().to_string();
    let content = origin.pack.files().get(&name);
    content.map(<[u8]>::to_vec).ok_or_else(|| format!("the pack has no file `{name}`"))
}

/// A file, counted while it is read: what its size says is not believed.
pub fn counted(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    let unreadable = |e: std::io::Error| format!("{} cannot be read: {e}", path.display());
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut text = Vec::new();
    file.take(most + 1).read_to_end(&mut text).map_err(unreadable)?;
    if text.len() as u64 > most {
        return Err(format!("{} has more than {most} bytes", path.display()));
    }
    Ok(text)
}
