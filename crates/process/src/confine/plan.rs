//! Everything about one confinement, found out: nothing is left to decide in the stage that enters it.

use std::path::{Path, PathBuf};

use super::{Confine, Grants, Limits, defaults, roots};
use crate::SpawnError;

/// Most paths of one plan.
const MAX_PATHS: usize = 512;

/// What the stage that becomes the program binds itself to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Plan {
    pub(crate) read: Vec<PathBuf>,
    pub(crate) write: Vec<PathBuf>,
    pub(crate) network: bool,
    pub(crate) sockets: bool,
    pub(crate) limits: Limits,
    /// Its own folder for temporary files.
    pub(crate) temp: Option<PathBuf>,
    /// The control group that counts its processes, where one could be made.
    pub(crate) group: Option<PathBuf>,
    /// The limit on processes of this user, where there is no group.
    pub(crate) of_user: Option<u64>,
}

/// What a confined program reaches, for people: the system's own programs and libraries are not named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// What it is made of, and what it was granted to read.
    pub read: Vec<PathBuf>,
    /// What it may change.
    pub write: Vec<PathBuf>,
    /// Whether it may use the network.
    pub network: bool,
    /// Whether it may use local sockets.
    pub sockets: bool,
    /// How much of the machine it may use.
    pub limits: Limits,
}

/// What the gate knows when it draws up a plan.
pub(crate) struct Ground<'a> {
    pub(crate) command: &'a [String],
    pub(crate) file: &'a Path,
    pub(crate) dir: &'a Path,
    pub(crate) path: &'a str,
    pub(crate) home: Option<&'a Path>,
    /// What no grant may cover.
    pub(crate) withheld: &'a [PathBuf],
    /// A folder that outlives the program, for those that fetch what they run.
    pub(crate) cache: Option<&'a Path>,
}

impl Plan {
    /// The plan for a program; `None` if it is not to be confined.
    pub(crate) fn new(confine: &Confine, ground: &Ground<'_>) -> Result<Option<Self>, SpawnError> {
        let Confine::On(grants) = confine else { return Ok(None) };
        check(grants, ground.withheld)?;
        let mut read = defaults::system();
        read.extend(roots::made_of(ground));
        read.extend(grants.read.iter().cloned());
        let mut write = grants.write.clone();
        write.extend(ground.cache.map(Path::to_path_buf));
        let (network, sockets, limits) = (grants.network, grants.sockets, grants.limits);
        Ok(Some(Self { read, write, network, sockets, limits, ..Self::default() }))
    }

    /// What it comes to, for people.
    pub(crate) fn reach(self) -> Reach {
        let Self { mut read, write, network, sockets, limits, .. } = self;
        let system = defaults::system();
        read.retain(|path| !system.contains(path));
        Reach { read, write, network, sockets, limits }
    }

    /// Whether the program may change the modes, owners and times of files. Landlock cannot hold these to a folder, so
    /// a program that has nothing to write but its temporary folder does without.
    pub(crate) const fn changes_attributes(&self) -> bool {
        !self.write.is_empty()
    }

    /// As words for a command line.
    pub(crate) fn words(&self) -> Vec<String> {
        let text = |letter: char, path: &PathBuf| format!("{letter}{}", path.display());
        let mut words = vec!["on".to_owned()];
        words.extend(self.read.iter().map(|p| text('r', p)));
        words.extend(self.write.iter().map(|p| text('w', p)));
        words.extend(self.temp.iter().map(|p| text('t', p)));
        words.extend(self.group.iter().map(|p| text('g', p)));
        let Limits { memory, processes, open_files, file_size } = self.limits;
        words.extend([
            format!("m{memory}"),
            format!("p{processes}"),
            format!("f{open_files}"),
            format!("z{file_size}"),
        ]);
        words.extend(self.of_user.map(|n| format!("u{n}")));
        words.extend(self.network.then(|| "n".to_owned()));
        words.extend(self.sockets.then(|| "s".to_owned()));
        words
    }

    /// What [`Plan::words`] made; `None` for no confinement.
    ///
    /// # Errors
    /// These are no such words. Nothing is ever taken for no confinement but the one word for it.
    pub(crate) fn read_words(words: &[String]) -> Result<Option<Self>, Malformed> {
        match words.split_first() {
            Some((first, [])) if first == "off" => Ok(None),
            Some((first, rest)) if first == "on" => {
                Self::read_parts(rest).map(Some).ok_or(Malformed)
            }
            _ => Err(Malformed),
        }
    }

    fn read_parts(words: &[String]) -> Option<Self> {
        let mut plan = Self::default();
        for word in words {
            let value = word.get(1..)?;
            match word.as_bytes().first()? {
                b'r' => plan.read.push(value.into()),
                b'w' => plan.write.push(value.into()),
                b't' => plan.temp = Some(value.into()),
                b'g' => plan.group = Some(value.into()),
                b'm' => plan.limits.memory = value.parse().ok()?,
                b'p' => plan.limits.processes = value.parse().ok()?,
                b'f' => plan.limits.open_files = value.parse().ok()?,
                b'z' => plan.limits.file_size = value.parse().ok()?,
                b'u' => plan.of_user = Some(value.parse().ok()?),
                b'n' if value.is_empty() => plan.network = true,
                b's' if value.is_empty() => plan.sockets = true,
                _ => return None,
            }
        }
        Some(plan)
    }
}

/// Words that are no confinement, nor say that there is none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// The words of a program that is not confined.
pub(crate) fn off() -> Vec<String> {
    vec!["off".to_owned()]
}

/// Refuses grants that are not there, that mean nothing, or that would give away the gate itself.
fn check(grants: &Grants, withheld: &[PathBuf]) -> Result<(), SpawnError> {
    let all = || grants.read.iter().chain(&grants.write);
    if all().count() > MAX_PATHS {
        return Err(SpawnError::ConfinePaths { limit: MAX_PATHS });
    }
    for path in all() {
        let wrong = |why| SpawnError::ConfinePath { path: path.clone(), why };
        if !path.is_absolute() || path.to_str().is_none() {
            return Err(wrong("is no absolute path"));
        }
        let real = path.canonicalize().map_err(|_| {
            wrong("is not there, or cannot be looked at: create it, or take it out of `confine`")
        })?;
        if withheld.iter().any(|kept| kept.starts_with(&real) || real.starts_with(kept)) {
            return Err(wrong(
                "holds the gate's own keys and records: grant the folders beside or below it instead",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_plan_arrives_as_it_was_drawn_up(
            read in proptest::collection::vec("/[a-z /]{0,12}", 0..4),
            write in proptest::collection::vec("/[a-z]{0,12}", 0..4),
            network: bool, sockets: bool, memory: u64, processes: u32, of_user: Option<u64>,
        ) {
            let plan = Plan {
                read: read.into_iter().map(PathBuf::from).collect(),
                write: write.into_iter().map(PathBuf::from).collect(),
                network, sockets, of_user,
                limits: Limits { memory, processes, ..Limits::default() },
                temp: Some("/t".into()),
                group: None,
            };
            prop_assert_eq!(Plan::read_words(&plan.words()), Ok(Some(plan)));
        }

        #[test]
        fn words_that_are_no_plan_are_never_taken_for_no_confinement(words: Vec<String>) {
            prop_assume!(words != off());
            prop_assert_ne!(Plan::read_words(&words), Ok(None));
        }
    }

    fn refused(read: &[&Path], withheld: &[PathBuf]) -> Option<&'static str> {
        let read = read.iter().map(|p| p.to_path_buf()).collect();
        check(&Grants { read, ..Grants::default() }, withheld).err().map(|e| e.code())
    }

    #[test]
    fn a_grant_never_covers_the_gates_own_state() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let (state, docs) = (root.join("state"), root.join("docs"));
        std::fs::create_dir_all(state.join("audit")).unwrap();
        std::fs::create_dir(&docs).unwrap();
        std::os::unix::fs::symlink(&root, docs.join("up")).unwrap();
        let withheld = [state.clone()];
        for covering in [&root, &state, &state.join("audit"), &docs.join("up"), &docs.join("..")] {
            assert_eq!(refused(&[covering], &withheld), Some("confine_path"), "{covering:?}");
        }
        assert_eq!(refused(&[Path::new("/")], &withheld), Some("confine_path"));
        assert_eq!(refused(&[&docs], &withheld), None);
    }

    #[test]
    fn a_grant_that_means_nothing_is_refused() {
        for path in ["relative", "", "/no/such/folder/anywhere"] {
            assert_eq!(refused(&[Path::new(path)], &[]), Some("confine_path"), "{path}");
        }
        let many = vec![Path::new("/usr"); MAX_PATHS + 1];
        assert_eq!(refused(&many, &[]), Some("confine_paths"));
    }
}
