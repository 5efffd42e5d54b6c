//! Descriptions of APIs: where they come from, and how large they may be.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::support::*;

fn openapi(spec: &str, rest: &str) -> Place {
    Place::new(&format!(
        "{ANYWHERE}[[source]]\nname = \"shop\"\nopenapi = {{ spec = \"{spec}\"{rest} }}\n"
    ))
}

/// Answers every request with this, and then `again`, until the other side has had enough; the bytes it took.
fn server(head: String, again: Vec<u8>) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let taken = Arc::new(AtomicUsize::new(0));
    let count = taken.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut seen = [0; 4096];
            let _ = stream.read(&mut seen);
            let _ = stream.write_all(head.as_bytes());
            while !again.is_empty() && stream.write_all(&again).is_ok() {
                count.fetch_add(again.len(), Ordering::SeqCst);
            }
            let _ = stream.set_read_timeout(Some(std::time::Duration::from_secs(2)));
            let _ = stream.shutdown(std::net::Shutdown::Write);
            while matches!(stream.read(&mut seen), Ok(n) if n > 0) {}
        }
    });
    (port, taken)
}

// b-spec-load-02
#[test]
fn a_server_that_a_description_names_is_a_target() {
    for (server, code) in [
        ("http://169.254.169.254/", "address_refused"),
        ("http://127.0.0.1:1/", "address_refused"),
        ("http://metadata.google.internal/", "metadata_name_refused"),
    ] {
        let place = openapi("shop.yaml", "");
        place.write(
            "shop.yaml",
            &format!(
                "openapi: 3.0.3\ninfo: {{title: a, version: '1'}}\nservers: [{{url: '{server}'}}]\n\
                 paths: {{/a: {{get: {{operationId: a, responses: {{'200': {{description: ok}}}}}}}}}}\n"
            ),
        );
        let ran = place.run(&["check"]);
        assert!(ran.code == 1 && ran.err.contains(code), "{server}: {}", ran.err);
    }
}

// b-spec-load-04, b-spec-load-05
#[test]
fn a_file_is_counted_while_it_is_read_whatever_its_size_says() {
    let place = openapi("large.json", "");
    let file = std::fs::File::create(place.path("large.json")).unwrap();
    file.set_len(51_000_000).unwrap();
    let ran = place.run(&["check"]);
    assert!(ran.code == 1 && ran.err.contains("more than 50000000 bytes"), "{}", ran.err);
    let ran = openapi("/dev/zero", ", max-size = \"1 MiB\"").run(&["check"]);
    assert!(ran.code == 1 && ran.err.contains("more than 1048576 bytes"), "{}", ran.err);
}

// b-spec-load-06
#[test]
fn a_description_that_comes_without_a_length_is_counted_while_it_comes() {
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(65_536)).into_bytes();
    let (port, taken) = server(head.to_owned(), chunk);
    let spec = format!("http://127.0.0.1:{port}/openapi.json");
    let place = openapi(&spec, ", max-size = \"1 MiB\"");
    let private = format!("name = \"shop\"\nprivate = [\"127.0.0.1:{port}\"]");
    let text = place.read("portcullis.toml").replace("name = \"shop\"", &private);
    place.write("portcullis.toml", &text);
    let ran = place.run(&["serve"]);
    let said = ran.err + &ran.out;
    assert_ne!(ran.code, 0, "there is no copy of it to start with");
    assert!(
        said.contains("reply_too_large") && said.contains("has not been fetched yet"),
        "{said}"
    );
    // What lies in the buffers between is some more.
    assert!(taken.load(Ordering::SeqCst) < 32 << 20, "{taken:?}");
}

// b-spec-load-01
#[test]
fn introspection_goes_the_way_of_every_call_and_follows_no_redirect() {
    let (elsewhere, asked) =
        server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n".to_owned(), vec![]);
    let location = format!("http://127.0.0.1:{elsewhere}/graphql");
    let head = format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
    let (port, _) = server(head, Vec::new());
    let source = |port: u16, private: &str| {
        format!(
            "{ANYWHERE}[[source]]\nname = \"shop\"\nprivate = [{private}]\n\
             graphql = {{ endpoint = \"http://127.0.0.1:{port}/graphql\" }}\n"
        )
    };
    let named = format!("\"127.0.0.1:{port}\", \"127.0.0.1:{elsewhere}\"");
    let ran = Place::new(&source(port, &named)).run(&["serve"]);
    assert!(ran.code != 0 && ran.err.contains("redirect_refused"), "{}", ran.err);
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    let ran = Place::new(&source(port, "")).run(&["serve"]);
    assert!(ran.code != 0 && ran.err.contains("address_refused"), "{}", ran.err);
}

#[test]
fn a_schema_that_is_not_in_a_file_is_asked_for_and_kept() {
    let schema = r#"{"data":{"__schema":{"queryType":{"name":"Query"},"types":[{"kind":"OBJECT","name":"Query","fields":[{"name":"ping","args":[],"type":{"kind":"SCALAR","name":"String"}}]},{"kind":"SCALAR","name":"String"}]}}}"#;
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{schema}",
        schema.len()
    );
    let (port, _) = server(head, Vec::new());
    let place = Place::new(&format!(
        "{ANYWHERE}[[source]]\nname = \"shop\"\nprivate = [\"127.0.0.1:{port}\"]\neffects = {{ \"*\" = \"read\" }}\n\
         graphql = {{ endpoint = \"http://127.0.0.1:{port}/graphql\" }}\n"
    ));
    assert!(place.run(&["check"]).err.contains("has not been fetched yet"));
    let key = key(&place, "alice");
    let gate = place.serve();
    assert!(gate.tools(&key).iter().any(|name| name.contains("ping")), "{}", place.log());
    assert_eq!(place.run(&["check"]).code, 0, "its last good copy is kept");
}
