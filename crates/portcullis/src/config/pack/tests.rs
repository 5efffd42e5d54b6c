use std::path::Path;

use packs::Pack;
use process::{Confine, Grants};

use crate::config::{ConfigError, Loaded, parse, show};

fn read(text: &str) -> Result<Loaded, ConfigError> {
    parse(Path::new("/etc/gate/portcullis.toml"), text.to_owned())
}

fn digest(pack: &str) -> String {
    Pack::read(packs::builtin(pack).unwrap()).unwrap().digest.to_string()
}

#[test]
fn the_program_of_a_pack_gets_the_folder_it_was_given_and_nothing_else() {
    let loaded = read(&format!(
        "[packs.docs]\nfrom = \"builtin:filesystem\"\napproved = \"{}\"\nsettings = {{ folder = \"/srv/docs\" }}\n",
        digest("filesystem")
    ))
    .unwrap_or_else(|e| panic!("{e}"));
    let source = &loaded.config.source[0];
    assert_eq!(source.name, "docs");
    let mcp = source.mcp.as_ref().unwrap();
    assert_eq!(mcp.command.as_ref().unwrap(), &["mcp-server-filesystem", "/srv/docs"]);
    let Confine::On(Grants { read, write, network, sockets, limits }) =
        source.confine.as_ref().unwrap().resolve(&loaded)
    else {
        panic!("it is not confined")
    };
    assert_eq!((read.as_slice(), write.as_slice()), (&[][..], &["/srv/docs".into()][..]));
    assert_eq!((network, sockets, limits.processes, limits.memory), (false, false, 64, 1 << 30));
}

#[test]
fn a_secret_of_a_pack_is_found_and_a_plain_one_is_not_shown() {
    let loaded = read(&format!(
        "[packs.gh]\nfrom = \"builtin:github\"\napproved = \"{}\"\nsecrets = {{ token = \"ghp_s3cret\" }} # kept\n\
         [packs.pay]\nfrom = \"builtin:stripe\"\napproved = \"{}\"\nsecrets = {{ key = \"vault:pay\" }}\n",
        digest("github"),
        digest("stripe")
    ))
    .unwrap_or_else(|e| panic!("{e}"));
    let names: Vec<_> = loaded.secret_names().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["pay"]);
    let shown = show(&loaded);
    assert!(!shown.contains("s3cret") && shown.contains("token = \"•••\" } # kept"), "{shown}");
    assert!(shown.contains("key = \"vault:pay\""), "{shown}");
    assert!(!format!("{:?}", loaded.config).contains("s3cret"));
}

#[test]
fn everything_wrong_with_packs_is_told_at_once_each_at_its_table() {
    let error = read(
        "[packs.a]\nfrom = \"builtin:gihtub\"\n[packs.b]\nfrom = \"nowhere\"\n[packs.c]\nfrom = \"builtin:github\"\napproved = \"md5:x\"\n",
    );
    let error = error.err().map(|e| e.to_string()).unwrap();
    for told in [
        "portcullis.toml:2:1: pack `a`: no pack `gihtub` ships",
        "portcullis.toml:4:1: pack `b`: /etc/gate/nowhere cannot be read",
        "portcullis.toml:7:1: pack `c`: `md5:x` is no digest",
    ] {
        assert!(error.contains(told), "{told}: {error}");
    }
}
