//! Stands in for an operator in this crate's tests: changes a vault over and over, says what it is about to do and what it
//! has done, and waits to be killed.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use ambient::Clock;
use model::{Secret, SecretName};
use vault::{Bindings, Material, Safe};

fn main() -> ExitCode {
    match write() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

/// Arguments: the vault, its key file, the number to begin with.
fn write() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let mut next = || args.next().ok_or("an argument is missing");
    let (path, key) = (PathBuf::from(next()?), PathBuf::from(next()?));
    let first: u64 = next()?.parse()?;
    let safe = Safe::open(&path, Arc::new(Material::file(key)), Clock::system())?;
    let (a, b) = (SecretName::new("a")?, SecretName::new("b")?);
    let bound = Bindings::parse(&["api.example.com".to_owned()], &[], &[])?;
    for n in first.. {
        let value = Secret::new(format!("value {n}"));
        writeln!(std::io::stdout(), "begin {n}")?;
        match n % 4 {
            0 => safe.set(&b, &value, &bound).map(drop)?,
            1 => safe.rotate(&a, &value).map(drop)?,
            2 => safe.rekey().map(drop)?,
            _ => safe.delete(&b)?,
        }
        writeln!(std::io::stdout(), "done {n}")?;
    }
    Ok(())
}
