use std::collections::HashMap;
use std::path::Path;

use serde_json::json;

use super::support::*;
use super::upstream::Upstream;

/// Two secrets that stand nowhere else.
const HEADER: &str = "canary-header-5f3a91c07be2";
const VARIABLE: &str = "canary-variable-0d8e44aa17c6";

/// A legacy server on its standard streams that says whether it has its variable.
const CHILD: &str = r#"
import glob, json, os, sys
key = os.environ.get("API_KEY", "")
def seen():
    texts = []
    for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/task/*/environ"):
        try:
            texts.append(open(path, "rb").read().decode("utf-8", "replace"))
        except OSError:
            pass
    own = open("/proc/self/environ", "rb").read().decode()
    return json.dumps({"own": "PATH=" in own, "key": any("API_KEY=" in t for t in texts), "others": sum(t != own for t in texts)})
for line in sys.stdin:
    m = json.loads(line)
    if "id" not in m:
        continue
    method = m["method"]
    if method == "initialize":
        r = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "c", "version": "1"}}
    elif method == "tools/list":
        r = {"tools": [{"name": n, "inputSchema": {"type": "object"}} for n in ("length", "echo", "peek")]}
    else:
        name = m["params"]["name"]
        print("asked for", name, "with", key, file=sys.stderr, flush=True)
        text = {"length": lambda: str(len(key)), "echo": lambda: "it is " + key, "peek": seen}[name]()
        r = {"content": [{"type": "text", "text": text}]}
    print(json.dumps({"jsonrpc": "2.0", "id": m["id"], "result": r}), flush=True)
"#;

fn place(upstream: &Upstream) -> Place {
    let other = "[[source]]\nname = \"other\"\nera = \"legacy\"\neffects = { \"*\" = \"read\" }\n\
                 mcp = { command = [\"python3\", \"child.py\"] }\n";
    let child = "[[source]]\nname = \"child\"\nera = \"legacy\"\neffects = { \"*\" = \"read\" }\n\
                 mcp = { command = [\"python3\", \"child.py\"], env = { API_KEY = \"vault:child\" } }\n";
    let place = Place::new(&format!(
        "{ANYWHERE}{}{child}{other}[vault]\nkey = {{ key-file = \"vault.key\" }}\n",
        upstream.source("Bearer ${vault:shop}")
    ));
    place.write("child.py", CHILD);
    assert_eq!(place.run(&["vault", "init"]).code, 0);
    let host = format!("127.0.0.1:{}", upstream.port);
    for (name, value, bound) in
        [("shop", HEADER, ["--host", host.as_str()]), ("child", VARIABLE, ["--program", &python()])]
    {
        let ran = place.run_with(&[&["vault", "set", name][..], &bound].concat(), value);
        assert_eq!(ran.code, 0, "{}", ran.err);
        clean("what the command said", &(ran.out + &ran.err));
    }
    place
}

/// The interpreter that is found in `PATH`.
fn python() -> String {
    let path = std::env::var("PATH").unwrap();
    let found = path.split(':').map(|dir| Path::new(dir).join("python3")).find(|p| p.exists());
    found.unwrap().to_str().unwrap().to_owned()
}

fn clean(what: &str, text: &str) {
    for canary in [HEADER, VARIABLE] {
        assert!(!text.contains(canary), "{what} holds {canary}");
        let reversed: String = canary.chars().rev().collect();
        assert!(
            !text.contains(&reversed) && !text.contains(&base64(canary)),
            "{what}, in disguise"
        );
    }
}

/// As the middle of a longer text would be written: without its first and last group.
pub fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |n: u32| char::from(DIGITS[(n & 63) as usize]);
    let groups = text.as_bytes().chunks_exact(3).map(|c| {
        let n = u32::from(c[0]) << 16 | u32::from(c[1]) << 8 | u32::from(c[2]);
        [digit(n >> 18), digit(n >> 12), digit(n >> 6), digit(n)]
    });
    groups.flatten().collect()
}

/// Every file under a folder, whatever it holds.
fn files(dir: &Path, seen: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            files(&entry.path(), seen);
        } else if entry.file_type().unwrap().is_file() {
            seen.push(entry.path());
        }
    }
}

/// The processes under `root`, it included: its id, its environment and its command line.
fn family(root: u32) -> HashMap<u32, (String, String)> {
    let text = |pid: u32, file: &str| {
        let bytes = std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    let pids: Vec<u32> = pids.filter_map(|e| e.file_name().to_str()?.parse().ok()).collect();
    let parent = |pid: u32| -> Option<u32> {
        let stat = text(pid, "stat");
        stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
    };
    let parents: HashMap<u32, u32> =
        pids.iter().filter_map(|pid| Some((*pid, parent(*pid)?))).collect();
    let belongs = |pid: u32| {
        std::iter::successors(Some(pid), |p| parents.get(p).copied()).take(64).any(|p| p == root)
    };
    let mine = pids.into_iter().filter(|pid| belongs(*pid));
    mine.map(|pid| (pid, (text(pid, "environ"), text(pid, "cmdline")))).collect()
}

#[test]
fn a_secret_is_in_the_vault_at_its_upstream_and_in_its_child_and_nowhere_else() {
    let upstream = Upstream::start();
    let place = place(&upstream);
    let key = key(&place, "alice");
    let gate = place.serve();
    let mut said = String::new();
    for (tool, arguments) in [
        ("shop__look", json!({})),
        ("shop__fail", json!({})),
        ("shop__nothing", json!({})),
        ("shop__look", json!({ "${vault:shop}": "vault:shop" })),
        ("child__length", json!({})),
        ("child__echo", json!({})),
    ] {
        said += &gate.call(&key, tool, &arguments).to_string();
    }
    let length = gate.call(&key, "child__length", &json!({}));
    assert_eq!(length["result"]["content"][0]["text"], VARIABLE.len().to_string(), "{length}");
    assert!(said.contains("it is [secret:child withheld]"), "{said}");
    place.until_log("asked for echo with [secret:API_KEY withheld]");
    // While the one runs, the other looks for it.
    let peeked = gate.call(&key, "other__peek", &json!({}));
    let peeked = peeked["result"]["content"][0]["text"].as_str().unwrap();
    assert_eq!(peeked, r#"{"own": true, "key": false, "others": 0}"#, "its own environment alone");
    assert!(upstream.keys().iter().all(|key| *key == format!("Bearer {HEADER}")));
    assert!(upstream.keys().len() > 3, "{:?}", upstream.keys());
    said += &gate.ask(&key, "tools/list", json!({})).body;
    clean("an answer", &said);
    clean("metrics", &gate.admin("/metrics").body);
    clean("health", &gate.admin("/readyz").body);

    let family = family(gate.child.id());
    assert!(family.len() > 2, "{family:?}");
    let holders: Vec<_> = family.values().filter(|(env, _)| env.contains(VARIABLE)).collect();
    assert_eq!(holders.len(), 1, "its child, and neither gate nor supervisor");
    assert!(holders[0].1.contains("child.py"), "{}", holders[0].1);
    for (env, line) in family.values() {
        clean("a command line", line);
        assert!(!env.contains(HEADER));
    }

    // Afterwards a refused one, too.
    assert_eq!(place.run(&["vault", "delete", "shop"]).code, 0);
    clean("a refusal", &gate.call(&key, "shop__look", &json!({})).to_string());
    gate.end();
    everything(&place, &clean);
}

/// Hands on all that commands say of a place, and every file in it.
pub fn everything(place: &Place, look: &dyn Fn(&str, &str)) {
    for args in [
        &["audit", "tail", "-n", "1000", "--json"][..],
        &["config", "show"],
        &["doctor", "--offline"],
        &["vault", "list"],
        &["vault", "list", "--json"],
        &["check"],
    ] {
        let ran = place.run(args);
        look(&args.join(" "), &(ran.out + &ran.err));
    }
    let mut all = Vec::new();
    files(place.dir.path(), &mut all);
    assert!(all.len() > 5, "{all:?}");
    for file in all {
        let bytes = std::fs::read(&file).unwrap();
        look(&file.display().to_string(), &String::from_utf8_lossy(&bytes));
    }
}
