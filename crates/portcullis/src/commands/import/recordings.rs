use std::path::{Path, PathBuf};

use anyhow::Context as _;
use url::Url;

use super::clients::{Found, Place, source_name};

/// A recording as a source: its calls to the origin that has most of them.
pub fn read(file: &Path, text: &[u8], out: &Path) -> anyhow::Result<Found> {
    let usual = har::Options::default();
    let origins = har::origins(text, usual.entries)?;
    let (origin, _) = origins.first().context("none of its entries is a call of an API")?;
    let options = har::Options { origin: Some(origin.clone()), ..usual };
    let converted = har::har(text, &options)?;
    let host = Url::parse(origin).ok().and_then(|url| url.host_str().map(str::to_owned));
    let host = host.unwrap_or_default();
    let mut notes = vec![crate::house::summary(&converted)];
    for (origin, calls) in &converted.others {
        notes.push(format!("it has {calls} calls of {origin}, too, which would be another source"));
    }
    for (scheme, calls) in &converted.schemes {
        notes.push(format!(
            "{calls} calls had a credential (`{}`), which is not taken over: put it into the vault, and set `auth`",
            scheme.name
        ));
    }
    Ok(Found {
        name: source_name(&host),
        original: file.display().to_string(),
        place: Place::Recording { file: named(file, out), origin: origin.clone() },
        values: Vec::new(),
        notes,
    })
}

/// The file as a configuration at `out` finds it.
fn named(file: &Path, out: &Path) -> PathBuf {
    let beside = out.parent().is_none_or(|dir| dir.as_os_str().is_empty());
    if beside {
        file.to_owned()
    } else {
        std::path::absolute(file).unwrap_or_else(|_| file.to_owned())
    }
}
