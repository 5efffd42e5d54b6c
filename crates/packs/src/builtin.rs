use crate::{Code, Files, PackError};

/// What stands before the name of a pack that ships.
pub const BUILTIN: &str = "builtin:";

/// The files of the packs that ship, each by its name.
macro_rules! shipped {
    ($($pack:literal: [$($file:literal),+ $(,)?]),+ $(,)?) => {
        &[$(($pack, &[$((
            $file,
            include_bytes!(concat!("../../../packs/", $pack, "/", $file)).as_slice(),
        )),+])),+]
    };
}

/// A file: its name and its bytes.
type File = (&'static str, &'static [u8]);

const SHIPPED: &[(&str, &[File])] = shipped! {
    "filesystem": ["pack.toml", "source.toml", "policy.cedar"],
    "github": ["pack.toml", "source.toml", "policy.cedar", "openapi.yaml"],
    "linear": ["pack.toml", "source.toml", "policy.cedar", "schema.graphql", "operations.graphql"],
    "slack": ["pack.toml", "source.toml", "policy.cedar", "openapi.yaml"],
    "stripe": ["pack.toml", "source.toml", "policy.cedar", "openapi.yaml"],
};

/// The names of the packs that ship, in order.
pub fn builtin_names() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|(name, _)| *name)
}

/// The files of a pack that ships.
///
/// # Errors
/// There is none of that name.
pub fn builtin(name: &str) -> Result<Files, PackError> {
    let Some((_, files)) = SHIPPED.iter().find(|(own, _)| *own == name) else {
        let all: Vec<&str> = builtin_names().collect();
        let message =
            format!("no pack `{}` ships: there is `{}`", name.escape_debug(), all.join("`, `"));
        return Err(PackError::new(Code::Missing, message));
    };
    Files::new(files.iter().map(|(name, content)| ((*name).to_owned(), content.to_vec())))
}
