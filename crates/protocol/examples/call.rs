//! What the documents of one `tools/call` cost: each is taken through what gate, sources and fronts do to it.
//!
//! ```sh
//! cargo build --release -p protocol --example call
//! for n in 100 1100; do valgrind --tool=callgrind target/release/examples/call modern $n; done
//! ```
//!
//! The difference of the two counts is that of 1,000 calls. The first word is `legacy` or `modern`, the second how many calls.

use std::error::Error;
use std::hint::black_box;

use bytes::Bytes;
use protocol::json::Limits;
use protocol::mcp::headers::{METHOD, NAME, VERSION, check_standard};
use protocol::mcp::meta::RequestMeta;
use protocol::mcp::translate::{Hop, params_same_era, peek_result};
use protocol::mcp::{Draft, Method, keys};
use protocol::rpc::{Id, Message, request, result};

const ASKED: &str = r#","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"some client","version":"0.1.0"}}"#;
const SAID: &str = r#","resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"some server","version":"0.1.0"}}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let modern = match words.next().as_deref() {
        Some("modern") => true,
        Some("legacy") => false,
        _ => return Err("which era: legacy or modern".into()),
    };
    let calls: u32 = words.next().ok_or("how many calls")?.parse()?;
    let text = "x".repeat(1024);
    let (asked, said) = if modern { (ASKED, SAID) } else { ("", "") };
    let question = Bytes::from(format!(
        r#"{{"jsonrpc":"2.0","id":17,"method":"tools/call","params":{{"name":"mock__echo","arguments":{{"text":"{text}"}}{asked}}}}}"#
    ));
    let answer = Bytes::from(format!(
        r#"{{"jsonrpc":"2.0","id":18,"result":{{"content":[{{"type":"text","text":"{text}"}}],"isError":false{said}}}}}"#
    ));
    for _ in 0..calls {
        black_box(call(modern, &question, &answer)?);
    }
    Ok(())
}

fn call(modern: bool, question: &Bytes, answer: &Bytes) -> Result<Bytes, Box<dyn Error>> {
    // The front reads the request, and what it says of itself.
    let Message::Request(asked) = Message::parse(question.clone(), Limits::REQUEST)? else {
        return Err("no request".into());
    };
    let meta = RequestMeta::read(&asked.params)?;
    if modern {
        let (version, _) = meta.required()?;
        let headers =
            [(VERSION, &b"2026-07-28"[..]), (METHOD, b"tools/call"), (NAME, b"mock__echo")];
        check_standard(headers, version, &asked.method, &asked.params)?;
    }
    // The gate records it, looks up its name, and holds its arguments against policy and schema.
    black_box(asked.params.str("name").map(std::borrow::Cow::into_owned));
    if let Some(arguments) = asked.params.object("arguments")? {
        black_box(arguments.canonical()?);
        black_box(arguments.value()?);
    }
    if let Some(meta) = asked.params.object("_meta")? {
        black_box(keys::payments(&meta));
    }
    // The source sends it on under its own name, and reads the answer.
    let params = asked.params.clone();
    let hop = Hop { target: Some(("name", "echo")), progress_token: None };
    let params = params_same_era(&params, None, &hop)?;
    black_box(request(&Id::number(18), Method::ToolsCall.as_str(), &params));
    let Message::Response(answered) = Message::parse(answer.clone(), Limits::REPLY)? else {
        return Err("no response".into());
    };
    let peek = peek_result(answered.outcome.map_err(|e| e.message)?)?;
    // The gate labels the result, and the front writes it.
    let draft = Draft::from(peek.object);
    for member in ["taskId", "task", "tasks"] {
        black_box(draft.original().raw(member));
    }
    let labelled = draft.labelled("mock", None);
    black_box(labelled.gone().to_vec());
    Ok(result(&asked.id, labelled.write()?).into_bytes())
}
