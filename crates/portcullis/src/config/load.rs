use std::path::{Path, PathBuf};

use super::place::Problem;
use super::{Config, ConfigError, check, others_may_write, pack, urls};

/// A configuration, with the text it was read from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What it says.
    pub config: Config,
    /// The file it was read from.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

impl Loaded {
    /// A path of the configuration: a relative one begins at the folder of the file.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.dir().join(path)
    }

    /// The folder of the file.
    pub fn dir(&self) -> PathBuf {
        let dir = self.path.parent().unwrap_or(Path::new(""));
        let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
        std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned())
    }

    /// Where keys, pins and records are kept.
    pub fn state_dir(&self) -> PathBuf {
        match &self.config.state.dir {
            Some(dir) => self.resolve(dir),
            None => self.dir().join(".portcullis"),
        }
    }
}

/// Reads and checks the configuration at `path`.
pub fn load(path: &Path) -> Result<Loaded, ConfigError> {
    let loaded = parse(path, text_of(path)?)?;
    if let Some(dir) = &loaded.config.policy.dir {
        others_may_write(&loaded.resolve(dir))?;
    }
    Ok(loaded)
}

/// Reads the configuration at `path` as it is written: its packs are not looked at, and nothing in it is checked.
pub fn load_written(path: &Path) -> Result<Loaded, ConfigError> {
    read(path, text_of(path)?)
}

fn text_of(path: &Path) -> Result<String, ConfigError> {
    others_may_write(path)?;
    let unreadable = |error| ConfigError::Unreadable { path: path.to_owned(), error };
    std::fs::read_to_string(path).map_err(unreadable)
}

/// Checks the text of a configuration, and makes sources of its packs.
pub fn parse(path: &Path, text: String) -> Result<Loaded, ConfigError> {
    let mut loaded = read(path, text)?;
    let mut problems = urls::settle(&mut loaded.config.source, &loaded.text, ambient::env);
    problems.extend(pack::expand(&mut loaded));
    problems.extend(check::check(&loaded.config, &loaded.text));
    if problems.is_empty() {
        return Ok(loaded);
    }
    problems.sort_by_key(|p| p.span.as_ref().map_or(0, |s| s.start));
    Err(ConfigError::wrong(path, &loaded.text, problems))
}

/// The text of a configuration, each key and type right, and nothing else looked at.
pub fn read(path: &Path, text: String) -> Result<Loaded, ConfigError> {
    let config: Config = toml::from_str(&text).map_err(|error| {
        let problem = Problem { message: explain(error.message()), span: error.span() };
        ConfigError::wrong(path, &text, vec![problem])
    })?;
    Ok(Loaded { config, path: path.to_owned(), text })
}

/// The reader's words, with a suggestion where a key or a word is not known.
fn explain(message: &str) -> String {
    let message = message.trim_end();
    let (what, rest) = if let Some(rest) = message.strip_prefix("unknown field `") {
        ("key", rest)
    } else if let Some(rest) = message.strip_prefix("unknown variant `") {
        ("word", rest)
    } else {
        return message.to_owned();
    };
    let Some((wrong, expected)) = rest.split_once('`') else { return message.to_owned() };
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    format!("unknown {what} `{wrong}`{}", suggest(wrong, &known))
}

/// `: did you mean …?` if a known word is near, otherwise what there is.
fn suggest(wrong: &str, known: &[&str]) -> String {
    let near = |word: &&&str| {
        let plain = |s: &str| s.to_lowercase().replace(['_', ' '], "-");
        strsim::damerau_levenshtein(&plain(wrong), &plain(word))
    };
    let best = known.iter().min_by_key(near).filter(|word| {
        let allowed = (wrong.chars().count() / 3).max(2);
        near(word) <= allowed && near(word) < word.chars().count()
    });
    match best {
        Some(word) => format!(": did you mean `{word}`?"),
        None if known.is_empty() => String::new(),
        None => format!(": there is `{}`", known.join("`, `")),
    }
}
