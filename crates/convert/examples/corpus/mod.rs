//! Finding the descriptions below the given folders.

use std::path::{Path, PathBuf};

use convert::Options;

/// Every JSON and YAML file below the roots, in order; with `take`, so many evenly from among those of at most 4 MiB.
pub(crate) fn files(roots: &[PathBuf], take: Option<usize>) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for root in roots {
        gather(root, &mut files);
    }
    files.sort();
    if let Some(take) = take {
        files.retain(|f| f.metadata().is_ok_and(|m| m.len() <= 4 << 20));
        let step = (files.len() / take.max(1)).max(1);
        files = files.into_iter().step_by(step).collect();
    }
    files
}

fn gather(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_dir() {
        let Ok(entries) = std::fs::read_dir(path) else { return };
        for entry in entries.flatten() {
            gather(&entry.path(), files);
        }
    } else if path.extension().is_some_and(|e| e == "json" || e == "yaml" || e == "yml") {
        files.push(path.to_owned());
    }
}

/// Where a description does not say where its API is, an operator has to; here it does not matter.
pub(crate) fn options() -> Options {
    Options {
        document_url: Some("https://api.example.com/openapi.json".to_owned()),
        ..Options::default()
    }
}
