use std::path::Path;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;

const HEAD: &str = "name = \"shop\"\nversion = \"1\"\nsummary = \"A shop.\"\n";

fn files(all: &[(&str, &str)]) -> Files {
    Files::new(all.iter().map(|(n, t)| ((*n).to_owned(), t.as_bytes().to_vec()))).unwrap()
}

fn pack(manifest: &str) -> Result<Pack, PackError> {
    let head = format!("{HEAD}{manifest}");
    Pack::read(files(&[(MANIFEST_FILE, head.as_str()), (SOURCE_FILE, "cache = true\n")]))
}

fn code(result: Result<impl std::fmt::Debug, PackError>) -> &'static str {
    result.map_or_else(|e| e.code.as_str(), |_| "fine")
}

const REACH: &str = "[manifest]\nhosts = [\"shop.example:443\"]\nmethods = [\"GET\"]\n";

#[test]
fn a_name_that_leads_out_of_the_folder_is_no_file_of_a_pack() {
    for name in [
        "../pack.toml",
        "/etc/passwd.txt",
        "a/../b.toml",
        "./a.toml",
        ".git/config.txt",
        "a//b.toml",
        "a\\b.toml",
        "a\0.toml",
        "-rf.txt",
        "tool.sh",
        "noending",
        "a/b/c/d/e.txt",
        "ä.txt",
        "",
    ] {
        assert_eq!(code(Files::new([(name.to_owned(), Vec::new())])), "pack_file", "{name:?}");
    }
    assert_eq!(code(Files::new([("docs/read.me.md".to_owned(), Vec::new())])), "fine");
}

#[test]
fn a_pack_has_an_end() {
    let many = |n: usize| (0..n).map(|i| (format!("f{i}.txt"), Vec::new()));
    assert_eq!(code(Files::new(many(MAX_FILES))), "fine");
    assert_eq!(code(Files::new(many(MAX_FILES + 1))), "pack_file");
    let of = |sizes: &[usize]| {
        Files::new(sizes.iter().enumerate().map(|(i, n)| (format!("f{i}.txt"), vec![0; *n])))
    };
    assert_eq!(code(of(&[MAX_FILE, MAX_FILE])), "fine");
    assert_eq!(code(of(&[MAX_FILE + 1])), "pack_file");
    assert_eq!(code(of(&[MAX_FILE, MAX_FILE, 1])), "pack_file");
    let twice = [("a.txt".to_owned(), vec![1]), ("a.txt".to_owned(), vec![2])];
    assert_eq!(code(Files::new(twice)), "pack_file");
}

#[test]
fn what_a_manifest_cannot_say_is_an_error_with_a_code() {
    assert_eq!(code(pack(REACH)), "fine");
    for (manifest, expected) in [
        ("", "pack_text"),
        ("[manifest]\n", "pack_manifest"),
        ("[manifest]\nhosts = [\"shop.example:443\"]\n", "pack_manifest"),
        ("[manifest]\nmethods = [\"GET\"]\n", "pack_manifest"),
        ("[manifest]\nhosts = [\"shop.example:443\"]\nmethods = [\"get\"]\n", "pack_manifest"),
        ("[manifest]\nhosts = [\"shop.example:443\"]\nmethods = [\"CONNECT\"]\n", "pack_manifest"),
        ("[manifest]\nhost = [\"shop.example:443\"]\nmethods = [\"GET\"]\n", "pack_text"),
        ("[manifest.program]\ncommand = []\n", "pack_manifest"),
        ("[manifest.program]\ncommand = [\"x\"]\nshell = true\n", "pack_text"),
        (
            "[manifest.program]\ncommand = [\"x\"]\n[manifest.secrets]\nTOKEN = \"x\"\n",
            "pack_manifest",
        ),
        ("[manifest.program]\ncommand = [\"x\"]\n[manifest.secrets]\nt = \" \"\n", "pack_manifest"),
        (
            "[manifest.program]\ncommand = [\"x\"]\n[manifest.secrets]\nt = \"a\\u202Eb\"\n",
            "pack_manifest",
        ),
        ("[manifest.program]\ncommand = [\"a\\nb\"]\n", "pack_manifest"),
    ] {
        assert_eq!(code(pack(manifest)), expected, "{manifest}");
    }
}

#[test]
fn a_host_is_a_whole_name_in_lower_case_with_its_port() {
    for good in
        ["a.example:443", "localhost:1", "10.0.0.1:80", "[::1]:8080", "xn--bcher-kva.example:443"]
    {
        assert_eq!(good.parse::<Place>().map(|p| p.to_string()), Ok(good.to_owned()));
    }
    for bad in [
        "a.example",
        "*.example:443",
        "A.example:443",
        "a.example:0443",
        "a.example:+443",
        "a.example:70000",
        "https://a.example:443",
        "a.example/x:443",
        "a..example:443",
        "-a.example:443",
        "[::01]:80",
        "u@a.example:443",
        ":443",
        "",
    ] {
        assert!(bad.parse::<Place>().is_err(), "{bad}");
    }
    assert_eq!(Place::new("API.Example.", 443).to_string(), "api.example:443");
}

#[test]
fn what_the_manifest_does_not_name_is_refused() {
    let manifest = pack(&format!(
        "{REACH}[manifest.program]\ncommand = [\"tool\", \"--safe\"]\nread = [\"/r\"]\nwrite = [\"/w\"]\n"
    ))
    .unwrap()
    .manifest;
    assert!(manifest.allows_place("x", &Place::new("Shop.example.", 443)).is_ok());
    for (host, port) in [("shop.example", 80), ("a.shop.example", 443), ("shop.example.evil", 443)]
    {
        assert_eq!(code(manifest.allows_place("x", &Place::new(host, port))), "pack_host");
    }
    assert!(manifest.allows_method("x", "GET").is_ok());
    assert_eq!(code(manifest.allows_method("x", "POST")), "pack_method");
    let command = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    let program = manifest.allows_command(&command(&["tool", "--safe"])).unwrap();
    for other in [&["tool"][..], &["tool", "--safe", "-x"], &["other", "--safe"]] {
        assert_eq!(code(manifest.allows_command(&command(other))), "pack_program", "{other:?}");
    }
    let wants = |read: &[&str], write: &[&str], network| Program {
        read: command(read),
        write: command(write),
        network,
        ..Program::default()
    };
    assert!(program.allows(&wants(&["/r", "/w"], &["/w"], false)).is_ok());
    assert_eq!(code(program.allows(&wants(&["/"], &[], false))), "pack_path");
    assert_eq!(code(program.allows(&wants(&[], &["/r"], false))), "pack_path");
    assert_eq!(code(program.allows(&wants(&[], &[], true))), "pack_program");
    let passed = Program { env: vec!["HOME".to_owned()], ..Program::default() };
    assert_eq!(code(program.allows(&passed)), "pack_program");
    assert_eq!(
        code(program.allows(&Program { sockets: true, ..Program::default() })),
        "pack_program"
    );
}

#[test]
fn a_pack_names_only_secrets_and_settings_of_its_manifest() {
    let given = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect::<Bound>()
    };
    let own = given(&[("token", "vault:shop"), ("id", "me-${env:WHO}")]);
    for (text, becomes) in [
        ("secret:token", "vault:shop"),
        ("Bearer ${secret:token}", "Bearer ${vault:shop}"),
        ("${secret:id}/${secret:token}", "me-${env:WHO}/${vault:shop}"),
        ("plain $ {x}", "plain $ {x}"),
    ] {
        assert_eq!(secrets_in(text, &own).as_deref(), Ok(becomes), "{text}");
    }
    for bad in [
        "vault:shop",
        "${vault:shop}",
        "${env:HOME}",
        "secret:other",
        "${secret:other}",
        "${setting:token}",
    ] {
        assert_eq!(code(secrets_in(bad, &own)), "pack_secret", "{bad}");
    }
    assert_eq!(code(secrets_in("${secret:token", &own)), "pack_text");
    let own = given(&[("folder", "/srv/a b")]);
    assert_eq!(settings_in("--at=${setting:folder}", &own).as_deref(), Ok("--at=/srv/a b"));
    for bad in ["${setting:other}", "${env:HOME}", "${secret:folder}"] {
        assert_eq!(code(settings_in(bad, &own)), "pack_setting", "{bad}");
    }
}

#[test]
fn what_was_not_approved_or_has_changed_is_refused_and_the_change_is_told() {
    let old = pack(REACH).unwrap();
    let new = pack(
        "[manifest]\nhosts = [\"evil.example:443\", \"shop.example:443\"]\nmethods = [\"GET\", \"POST\"]\n[manifest.secrets]\nt = \"x\"\n",
    )
    .unwrap();
    assert!(old.held_to(Some(old.digest), |_| None).is_ok());
    let none = old.held_to(None, |_| None).unwrap_err();
    assert!(none.code == Code::NotApproved && none.message.contains(&old.digest.to_string()));
    let changed = new.held_to(Some(old.digest), |_| Some(old.clone())).unwrap_err();
    assert_eq!(changed.code, Code::Changed);
    for told in ["hosts +evil.example:443", "methods +POST", "secrets +t", "changed `pack.toml`"] {
        assert!(changed.message.contains(told), "{changed}");
    }
    let unknown = new.held_to(Some(old.digest), |_| None).unwrap_err();
    assert!(unknown.message.contains("not known any more"), "{unknown}");
}

#[test]
fn the_policy_of_a_pack_follows_the_name_of_its_source() {
    let head = format!("{HEAD}{REACH}");
    let policy = "@id(\"shop/look\")\npermit (principal, action, resource in Source::\"shop\");\n";
    let all = [(MANIFEST_FILE, head.as_str()), (SOURCE_FILE, ""), (POLICY_FILE, policy)];
    let pack = Pack::read(files(&all)).unwrap();
    let named = pack.policy(&model::SourceName::new("store").unwrap()).unwrap();
    assert_eq!(named, policy.replace("shop", "store"));
    let stray = [all.as_slice(), &[("more.cedar", "")]].concat();
    assert_eq!(code(Pack::read(files(&stray))), "pack_file");
}

#[test]
fn the_packs_that_ship_are_those_of_the_folder_byte_for_byte_and_good() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let mut folders: Vec<String> = std::fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    assert_eq!(folders, builtin_names().collect::<Vec<_>>());
    for name in builtin_names() {
        let read = std::fs::read_dir(root.join(name)).unwrap().map(|entry| {
            let path = entry.unwrap().path();
            (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap())
        });
        let pack = Pack::read(builtin(name).unwrap()).unwrap();
        assert_eq!(pack.digest, Digest::of(&Files::new(read).unwrap()), "{name}");
        assert_eq!(pack.name.as_str(), name);
    }
    assert_eq!(code(builtin("gihtub")), "pack_missing");
}

/// Files of lawful names.
fn some_files() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    btree_map("[a-c]{1,2}(/[a-c])?\\.(txt|md)", vec(any::<u8>(), 0..6), 0..5)
        .prop_map(|map| map.into_iter().collect())
}

proptest! {
    #[test]
    fn two_packs_have_one_digest_only_if_they_are_the_same(a in some_files(), b in some_files()) {
        let same = a == b;
        let (a, b) = (Files::new(a).unwrap(), Files::new(b).unwrap());
        prop_assert_eq!(Digest::of(&a) == Digest::of(&b), same);
    }

    #[test]
    fn the_order_in_which_files_come_changes_nothing(mut all in some_files()) {
        let digest = Digest::of(&Files::new(all.clone()).unwrap());
        all.reverse();
        prop_assert_eq!(Digest::of(&Files::new(all).unwrap()), digest);
        prop_assert_eq!(digest.to_string().parse(), Ok(digest));
    }

    #[test]
    fn no_text_makes_the_reader_panic_or_take_what_it_cannot_name(head in "\\PC{0,80}", text in "\\PC{0,40}") {
        let all = [(MANIFEST_FILE, head.as_str()), (SOURCE_FILE, text.as_str())];
        prop_assert!(Pack::read(files(&all)).is_err());
        if let Ok(place) = text.parse::<Place>() {
            prop_assert_eq!(place.to_string(), text.clone());
        }
        if let Ok(digest) = text.parse::<Digest>() {
            prop_assert_eq!(digest.to_string(), text.clone());
        }
        let _ = (secrets_in(&text, &Bound::new()), settings_in(&text, &Bound::new()));
    }

    #[test]
    fn a_manifest_with_any_byte_changed_is_refused_or_says_only_what_a_manifest_can(at in 0_usize..400, byte in any::<u8>()) {
        let whole = format!(
            "{HEAD}{REACH}[manifest.secrets]\ntoken = \"A key.\"\n[manifest.program]\ncommand = [\"tool\", \"${{setting:dir}}\"]\nread = [\"/srv\"]\n"
        );
        let name = whole.find("token").unwrap();
        let mut bytes = whole.into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        // What stands before the `=` of its line, white space aside, is the secret's name.
        let line = bytes[name..].split(|b| *b == b'=').next().unwrap();
        let named = String::from_utf8_lossy(line).trim().to_owned();
        let all = [(MANIFEST_FILE.to_owned(), bytes), (SOURCE_FILE.to_owned(), Vec::new())];
        let Ok(pack) = Pack::read(Files::new(all).unwrap()) else { return Ok(()) };
        for place in &pack.manifest.hosts {
            prop_assert_eq!(place.to_string().parse(), Ok(place.clone()));
        }
        prop_assert!(pack.manifest.methods.iter().all(|m| m == "GET" || m == "PUT"), "{:?}", pack);
        prop_assert!(!pack.summary.chars().any(char::is_control));
        prop_assert!(pack.manifest.secrets.keys().all(|n| *n == named && n.is_ascii()));
    }

    #[test]
    fn one_bit_of_one_file_is_another_pack_than_was_approved(which in 0_usize..5, file in 0_usize..5, at in any::<usize>(), bit in 0_u8..8) {
        let name = builtin_names().nth(which).unwrap();
        let good = Pack::read(builtin(name).unwrap()).unwrap();
        let mut all: Vec<(String, Vec<u8>)> =
            good.files().iter().map(|(n, content)| (n.to_owned(), content.to_vec())).collect();
        let file = file % all.len();
        let at = at % all[file].1.len();
        all[file].1[at] ^= 1 << bit;
        if let Ok(other) = Pack::read(Files::new(all).unwrap()) {
            prop_assert_eq!(code(other.held_to(Some(good.digest), |_| None)), "pack_changed");
        }
        prop_assert!(good.held_to(Some(good.digest), |_| None).is_ok());
    }
}
