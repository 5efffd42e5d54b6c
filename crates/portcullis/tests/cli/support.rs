use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// A folder with a configuration, and commands that run there.
pub struct Place {
    pub dir: tempfile::TempDir,
}

/// How a command ended.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// The notes server of the demonstration, as a source.
pub fn notes(rest: &str) -> String {
    format!(
        "[[source]]\nname = \"notes\"\nmcp = {{ command = [\"{}\", \"__demo\", \"notes\"] }}\n{rest}\n",
        binary()
    )
}

/// A server section that takes any port.
pub const ANYWHERE: &str = "[server]\nlisten = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"\n[log]\nformat = \"human\"\n";

pub fn binary() -> &'static str {
    env!("CARGO_BIN_EXE_portcullis")
}

impl Place {
    pub fn new(configuration: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let place = Self { dir };
        place.write("portcullis.toml", configuration);
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, "")
    }

    pub fn run_with(&self, args: &[&str], input: &str) -> Ran {
        Self::ran(&mut self.command(args), input)
    }

    /// Runs with further variables of the environment.
    pub fn run_env(&self, args: &[&str], set: &[(&str, &str)]) -> Ran {
        Self::ran(self.command(args).envs(set.iter().copied()), "")
    }

    fn ran(command: &mut Command, input: &str) -> Ran {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // One that refuses before it reads has closed its end.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran { code: status.code().unwrap_or(-1), out: text(stdout), err: text(stderr) }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(args).current_dir(self.dir.path()).env("USER", "ada").env_remove("NO_COLOR");
        command
    }

    /// Starts the gate and waits until it listens.
    pub fn serve(&self) -> Gate {
        let mut child = self
            .command(&["serve"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(self.path("log.txt")).unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut place = |begin: &str| {
            let line = lines.next().map(Result::unwrap).unwrap_or_default();
            let rest = line.split(begin).nth(1).unwrap_or_else(|| {
                panic!("{line:?}\n{}", std::fs::read_to_string(self.path("log.txt")).unwrap())
            });
            rest.split(['/', ':']).take(2).collect::<Vec<_>>().join(":")
        };
        let (address, admin) = (place("http://"), place("metrics on "));
        Gate { child, address, admin }
    }

    pub fn log(&self) -> String {
        self.read("log.txt")
    }

    /// Waits until the log of the gate holds a text.
    pub fn until_log(&self, text: &str) {
        for _ in 0..100 {
            if self.log().contains(text) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("`{text}` is not in the log:\n{}", self.log());
    }
}

/// A gate that runs.
pub struct Gate {
    pub child: Child,
    pub address: String,
    pub admin: String,
}

/// An HTTP answer.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }
}

impl Gate {
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    /// Asks it to end, and waits.
    pub fn end(mut self) -> i32 {
        self.signal("-TERM");
        self.child.wait().unwrap().code().unwrap_or(-1)
    }

    pub fn get(&self, path: &str) -> Answer {
        send(&self.address, &format!("GET {path} HTTP/1.1\r\nHost: {}\r\n", self.address), "")
    }

    /// As whoever has this key.
    pub fn get_as(&self, key: &str, path: &str) -> Answer {
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {key}\r\nAccept: application/json, text/event-stream\r\n",
            self.address
        );
        send(&self.address, &head, "")
    }

    pub fn admin(&self, path: &str) -> Answer {
        send(&self.admin, &format!("GET {path} HTTP/1.1\r\nHost: {}\r\n", self.admin), "")
    }

    /// One modern request.
    pub fn ask(&self, key: &str, method: &str, mut params: Value) -> Answer {
        let name =
            params["name"].as_str().map(|n| format!("Mcp-Name: {n}\r\n")).unwrap_or_default();
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let body =
            json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        let key =
            if key.is_empty() { String::new() } else { format!("Authorization: Bearer {key}\r\n") };
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: {}\r\n{key}Content-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\n\
             Mcp-Method: {method}\r\n{name}Content-Length: {}\r\n",
            self.address,
            body.len()
        );
        send(&self.address, &head, &body)
    }

    pub fn tools(&self, key: &str) -> Vec<String> {
        let answer = self.ask(key, "tools/list", json!({})).json();
        let tools =
            answer["result"]["tools"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
        tools.iter().map(|t| t["name"].as_str().unwrap().to_owned()).collect()
    }

    pub fn call(&self, key: &str, tool: &str, arguments: &Value) -> Value {
        self.ask(key, "tools/call", json!({ "name": tool, "arguments": arguments })).json()
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn send(to: &str, head: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(format!("{head}Connection: close\r\n\r\n{body}").as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    Answer { status, head: head.to_lowercase(), body: body.to_owned() }
}

/// A key for a principal.
pub fn key(place: &Place, principal: &str) -> String {
    let made = place.run(&["keys", "create", principal, "--json"]);
    assert_eq!(made.code, 0, "{}", made.err);
    let made: Value = serde_json::from_str(&made.out).unwrap();
    made["key"].as_str().unwrap().to_owned()
}

/// Every record of the log.
pub fn records(place: &Place) -> Vec<Value> {
    let ran = place.run(&["audit", "tail", "-n", "1000", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

pub fn mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}
