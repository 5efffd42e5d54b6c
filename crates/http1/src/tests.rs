use bytes::BytesMut;
use http::{HeaderMap, Method};
use proptest::prelude::*;

use super::*;

/// Why nothing came of a reading.
#[derive(Debug, PartialEq)]
enum No {
    /// The peer closed before it was whole.
    Reset,
    Fault(Kind),
}

impl From<Fault> for No {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault.kind)
    }
}

const BOUNDS: Bounds = Bounds { bytes: 1 << 10, fields: 8 };

/// What a reply says once it has been read.
type Said = (u16, Vec<(String, Vec<u8>)>, Vec<u8>, Vec<u8>, bool);

/// A head, its body, and what is behind it.
type Whole<T> = (T, Vec<u8>, Vec<u8>);

/// Reads a message that comes in these pieces, after which the peer closes.
fn whole<T>(
    pieces: &[&[u8]],
    gather: usize,
    take: impl Fn(&mut BytesMut) -> Result<Option<T>, Fault>,
    framing: impl Fn(&mut T) -> &mut Framing,
) -> Result<Whole<T>, No> {
    let (mut inbox, mut rest) = (BytesMut::new(), pieces.iter());
    let mut more =
        |inbox: &mut BytesMut| rest.next().map(|piece| inbox.extend_from_slice(piece)).is_some();
    let mut head = loop {
        match take(&mut inbox)? {
            Some(head) => break head,
            None if more(&mut inbox) => {}
            None => return Err(No::Reset),
        }
    };
    let mut body = Vec::new();
    loop {
        let framing = framing(&mut head);
        match framing.next(&mut inbox, gather)? {
            Piece::Data(data) => body.extend_from_slice(&data),
            Piece::End => break,
            Piece::More if more(&mut inbox) => {}
            Piece::More if framing.close() => break,
            Piece::More => return Err(No::Reset),
        }
    }
    while more(&mut inbox) {}
    Ok((head, body, inbox.to_vec()))
}

fn fields(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect()
}

/// Reads a reply: status, fields, body, what is behind it, and whether the connection may serve again.
fn read(pieces: &[&[u8]], method: &Method, gather: usize) -> Result<Said, No> {
    let take = |inbox: &mut BytesMut| Reply::take(inbox, method, BOUNDS);
    let (head, body, rest) = whole(pieces, gather, take, |head| &mut head.framing)?;
    Ok((head.status.as_u16(), fields(&head.headers), body, rest, head.keeps))
}

fn get(reply: &str) -> Result<Said, No> {
    read(&[reply.as_bytes()], &Method::GET, 0)
}

/// Body, what is behind it, and whether the connection may serve again.
fn ends(reply: &str) -> Result<(String, String, bool), No> {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    get(reply).map(|(_, _, body, rest, keeps)| (text(body), text(rest), keeps))
}

const BROKEN: No = No::Fault(Kind::Malformed);
const TOO_LARGE: No = No::Fault(Kind::TooLarge);

#[test]
fn a_body_ends_where_its_head_says() {
    for (reply, body, rest, keeps) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc", "ab", "c", true),
        ("HTTP/1.1 200\r\nContent-Length: 2, 2\r\nContent-Length: 2\r\n\r\nab", "ab", "", true),
        ("HTTP/1.1 200 OK\nContent-Length: 0\n\nabc", "", "abc", true),
        ("HTTP/1.1 200 OK\r\n\r\nabc", "abc", "", false),
        ("HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n", "", "", true),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "", "", true),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nb",
            "a",
            "b",
            true,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n00a ;x=\"y\"\r\n0123456789\r\n0 ; z\r\nA: b\r\n\r\n",
            "0123456789",
            "",
            true,
        ),
        // Who takes the length for true reads another reply: the connection is not used again.
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
            "a",
            "",
            false,
        ),
        ("HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 0\r\n\r\n", "", "", false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "", "", false),
        ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", "", "", true),
    ] {
        assert_eq!(ends(reply), Ok((body.to_owned(), rest.to_owned(), keeps)), "{reply:?}");
    }
}

#[test]
fn to_head_there_is_no_body_whatever_the_reply_says() {
    for field in ["Content-Length: 9", "Transfer-Encoding: chunked", "X: y"] {
        let reply = format!("HTTP/1.1 200 OK\r\n{field}\r\n\r\n");
        let (_, _, body, ..) = read(&[reply.as_bytes()], &Method::HEAD, 0).unwrap();
        assert!(body.is_empty(), "{field}");
    }
}

#[test]
fn what_can_be_read_in_two_ways_is_refused() {
    for head in [
        "Content-Length: 2\r\nContent-Length: 3",
        "Content-Length: 2, 3",
        "Content-Length: 2,",
        "Content-Length: +2",
        "Content-Length: -0",
        "Content-Length: 0x2",
        "Content-Length: 2 2",
        "Content-Length: 18446744073709551616",
        "Content-Length:",
        "Content-Length : 2",
        " Content-Length: 2",
        "X: y\r\n Content-Length: 2",
        "X: y\rContent-Length: 2",
        "X: y\0",
        "X y",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding:",
    ] {
        assert_eq!(get(&format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\nab")), Err(BROKEN), "{head:?}");
    }
    let chunked = "Transfer-Encoding: chunked";
    assert_eq!(get(&format!("HTTP/1.0 200 OK\r\n{chunked}\r\n\r\n0\r\n\r\n")), Err(BROKEN));
    for body in [
        "\r\n\r\n",
        ";x\r\n\r\n",
        " 1\r\na\r\n0\r\n\r\n",
        "-1\r\na\r\n0\r\n\r\n",
        "+1\r\na\r\n0\r\n\r\n",
        "0x1\r\na\r\n0\r\n\r\n",
        "1 1\r\na\r\n0\r\n\r\n",
        "1\na\r\n0\r\n\r\n",
        "1;x\ny\r\na\r\n0\r\n\r\n",
        "1;x\ry\r\na\r\n0\r\n\r\n",
        "1\r\nab\r\n0\r\n\r\n",
        "1\r\na0\r\n\r\n",
        "1\r\na\n0\r\n\r\n",
        "1\r\na\r\n0\r\n\n",
        "10000000000000000\r\na",
    ] {
        let reply = format!("HTTP/1.1 200 OK\r\n{chunked}\r\n\r\n{body}");
        assert_eq!(get(&reply), Err(BROKEN), "{body:?}");
    }
    for status in
        ["HTTP/1.1 099 x", "HTTP/1.1 2000 x", "HTTP/1.1 20 x", "HTTP/2 200 x", "HTTP/1.2 200 x"]
    {
        assert_eq!(get(&format!("{status}\r\nContent-Length: 0\r\n\r\n")), Err(BROKEN), "{status}");
    }
    // Told before the empty line comes, which may never be.
    for banner in ["SSH-2.0-OpenSSH_9.2\r\n", "220 ready\r\n", "\r\nHTTP/1.1 200 OK"] {
        let taken = Reply::take(&mut BytesMut::from(banner), &Method::GET, BOUNDS);
        assert_eq!(taken.unwrap_err().kind, Kind::Malformed, "{banner:?}");
    }
}

#[test]
fn a_reply_that_stops_early_is_none() {
    for reply in [
        "",
        "HTT",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\na",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nA: b\r\n",
    ] {
        assert_eq!(get(reply), Err(No::Reset), "{reply:?}");
        assert_eq!(read(&[reply.as_bytes()], &Method::GET, 9), Err(No::Reset), "{reply:?}");
    }
}

#[test]
fn heads_and_what_stands_about_chunks_are_bounded() {
    let fields = |count: usize| "A: b\r\n".repeat(count);
    assert!(get(&format!("HTTP/1.1 204 x\r\n{}\r\n", fields(8))).is_ok());
    assert_eq!(get(&format!("HTTP/1.1 204 x\r\n{}\r\n", fields(9))), Err(TOO_LARGE));
    let many = Bounds { bytes: 1 << 10, fields: 100 };
    for (count, taken) in [(100, true), (101, false)] {
        let mut inbox = BytesMut::from(&*format!("HTTP/1.1 204 x\r\n{}\r\n", fields(count)));
        assert_eq!(Reply::take(&mut inbox, &Method::GET, many).is_ok(), taken, "{count}");
    }
    let long = |length: usize| format!("HTTP/1.1 204 x\r\nA: {}", "b".repeat(length - 19));
    assert!(get(&format!("{}\r\n\r\n", long(1020))).is_ok());
    assert_eq!(get(&format!("{}\r\n\r\n", long(1021))), Err(TOO_LARGE));
    assert_eq!(get(&long(1024)), Err(TOO_LARGE), "whether it has an end or not");
    let chunked =
        |body: &str| get(&format!("HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n{body}"));
    let many = |count: usize, more: &str| format!("1{more}\r\na\r\n").repeat(count) + "0\r\n\r\n";
    assert_eq!(chunked(&many(9000, "")).map(|said| said.2.len()), Ok(9000));
    assert_eq!(chunked(&many(9000, ";a=bcdefghijklmnop")), Err(TOO_LARGE));
    assert_eq!(chunked(&format!("0\r\n{}\r\n", "A: b\r\n".repeat(4097))), Err(TOO_LARGE));
    assert_eq!(chunked(&format!("1;{}", "x".repeat(20_000))), Err(BROKEN), "a line without an end");
}

/// A whole reply, and its body.
fn replies() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let body = prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..6);
    (body, any::<bool>(), "(;[a-z=\"]{0,9})?", "([A-Z][a-z]{0,5}: [ -~]{0,9}\r\n){0,3}").prop_map(
        |(parts, chunks, extension, fields)| {
            let body = parts.concat();
            let mut reply = format!("HTTP/1.1 200 OK\r\n{fields}").into_bytes();
            if !chunks {
                reply.extend(format!("Content-Length: {}\r\n\r\n", body.len()).bytes());
                reply.extend(&body);
                return (reply, body);
            }
            reply.extend(b"Transfer-Encoding: chunked\r\n\r\n");
            for part in parts {
                reply.extend(format!("{:x}{extension}\r\n", part.len()).bytes());
                reply.extend(part);
                reply.extend(b"\r\n");
            }
            reply.extend(format!("0{extension}\r\n{fields}\r\n").bytes());
            (reply, body)
        },
    )
}

/// What a request says once it has been read: its first line, fields, body, what is behind it, and whether the connection
/// may serve again.
type Asked = (String, Vec<(String, Vec<u8>)>, Vec<u8>, Vec<u8>, bool);

fn asked(pieces: &[&[u8]]) -> Result<Asked, No> {
    let take = |inbox: &mut BytesMut| Request::take(inbox, BOUNDS);
    let (request, body, rest) = whole(pieces, 0, take, |request| &mut request.framing)?;
    let head = request.head;
    let line = format!("{} {} {:?}", head.method, head.uri, head.version);
    Ok((line, fields(&head.headers), body, rest, request.keeps))
}

/// First line, body, what is behind it, and whether the connection may serve again.
fn post(request: &str) -> Result<(String, String, String, bool), No> {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    asked(&[request.as_bytes()])
        .map(|(line, _, body, rest, keeps)| (line, text(body), text(rest), keeps))
}

#[test]
fn a_request_ends_where_its_head_says() {
    for (request, line, body, rest, keeps) in [
        ("GET /a?b HTTP/1.1\r\nHost: x\r\n\r\nGET", "GET /a?b HTTP/1.1", "", "GET", true),
        ("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nabc", "POST / HTTP/1.1", "ab", "c", true),
        ("POST / HTTP/1.1\nContent-Length: 0\n\nabc", "POST / HTTP/1.1", "", "abc", true),
        (
            "\r\n\n\r\nPOST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nb",
            "POST / HTTP/1.1",
            "a",
            "b",
            true,
        ),
        // Left to whoever answers it, who can tell: the connection is not used again.
        (
            "POST / HTTP/1.1\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1",
            "",
            "",
            false,
        ),
        ("GET / HTTP/1.1\r\nConnection: x, Close\r\n\r\n", "GET / HTTP/1.1", "", "", false),
        ("GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0", "", "", false),
        ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET / HTTP/1.0", "", "", true),
        ("OPTIONS * HTTP/1.1\r\n\r\n", "OPTIONS * HTTP/1.1", "", "", true),
        ("GET http://x:1/a HTTP/1.1\r\n\r\n", "GET http://x:1/a HTTP/1.1", "", "", true),
    ] {
        let wanted = (line.to_owned(), body.to_owned(), rest.to_owned(), keeps);
        assert_eq!(post(request), Ok(wanted), "{request:?}");
    }
    assert_eq!(post("\r\n"), Err(No::Reset), "no request yet");
}

#[test]
fn a_request_that_can_be_read_in_two_ways_is_refused() {
    for head in [
        "Content-Length: 2\r\nContent-Length: 3",
        "Content-Length: 2\r\nContent-Length: 2",
        "Content-Length: 2, 3",
        "Content-Length: 2,",
        "Content-Length: +2",
        "Content-Length: -0",
        "Content-Length: 0x2",
        "Content-Length: 18446744073709551616",
        "Content-Length:",
        "Content-Length : 2",
        " Content-Length: 2",
        "X: y\r\n Content-Length: 2",
        "X: y\rContent-Length: 2",
        "X: y\0",
        "X y",
        ": y",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: \x0bchunked",
        "Transfer-Encoding:",
    ] {
        assert_eq!(post(&format!("POST / HTTP/1.1\r\n{head}\r\n\r\nab")), Err(BROKEN), "{head:?}");
    }
    for line in [
        "GET /",
        "GET / HTTP/2.0",
        "GET / HTTP/1.2",
        "GET / HTTP/1.1 x",
        "GET  / HTTP/1.1",
        "GET /a b HTTP/1.1",
        "GET HTTP/1.1",
        " GET / HTTP/1.1",
        "G:T / HTTP/1.1",
        "GET /\u{7f} HTTP/1.1",
        "GET http:// HTTP/1.1",
        "{}",
    ] {
        assert_eq!(post(&format!("{line}\r\nHost: x\r\n\r\n")), Err(BROKEN), "{line:?}");
    }
    let old = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert_eq!(post(old), Err(BROKEN));
}

#[test]
fn requests_are_bounded_in_bytes_and_fields_whether_they_have_an_end_or_not() {
    let fields = |count: usize| format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(count));
    assert!(post(&fields(8)).is_ok());
    assert_eq!(post(&fields(9)), Err(TOO_LARGE));
    let long = |length: usize| format!("GET /{} HTTP/1.1", "a".repeat(length - 14));
    assert!(post(&format!("{}\r\n\r\n", long(1020))).is_ok());
    assert_eq!(post(&format!("{}\r\n\r\n", long(1021))), Err(TOO_LARGE));
    assert_eq!(post(&long(1024)), Err(TOO_LARGE));
    for (count, taken) in [(300, true), (301, false)] {
        let many = Bounds { bytes: 1 << 14, fields: 300 };
        assert_eq!(Request::take(&mut BytesMut::from(&*fields(count)), many).is_ok(), taken);
    }
}

#[test]
fn more_fields_than_can_be_kept_are_refused_whatever_the_bounds_say() {
    let bounds = Bounds { bytes: 1 << 20, fields: 1 << 17 };
    for (count, taken) in [(20_000, true), (40_000, false)] {
        let fields =
            (0..count).fold(String::new(), |all, n| all + "A" + &n.to_string() + ": b\r\n");
        let head = format!("GET / HTTP/1.1\r\n{fields}\r\n");
        let request = Request::take(&mut BytesMut::from(&*head), bounds);
        assert_eq!(request.map_err(|fault| fault.kind).is_ok(), taken, "{count}");
    }
}

#[test]
fn a_client_that_waits_to_be_asked_for_its_body_is_told_from_others() {
    for (version, field, expects) in [
        ("1.1", "Expect: 100-continue", true),
        ("1.1", "expect: 100-Continue", true),
        ("1.0", "Expect: 100-continue", false),
        ("1.1", "Expect: 200-ok", false),
        ("1.1", "X: 100-continue", false),
    ] {
        let head = format!("POST / HTTP/{version}\r\n{field}\r\nContent-Length: 1\r\n\r\n");
        let request = Request::take(&mut BytesMut::from(&*head), BOUNDS).unwrap().unwrap();
        assert_eq!(request.expects, expects, "{head}");
    }
}

/// A text that was cut at these places.
fn cut<'a>(text: &'a [u8], places: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<_> = places.iter().map(|p| p.index(text.len() + 1)).collect();
    places.sort_unstable();
    let mut from = 0;
    places.push(text.len());
    places.into_iter().map(|to| &text[std::mem::replace(&mut from, to)..to]).collect()
}

proptest! {
    #[test]
    fn a_reply_is_the_same_however_it_comes(
        (reply, body) in replies(), behind in "[a-z]{0,3}", places: Vec<prop::sample::Index>, gather in 0_usize..300,
    ) {
        let whole = [&reply, behind.as_bytes()].concat();
        let said = read(&cut(&whole, &places), &Method::GET, gather).unwrap();
        prop_assert_eq!(&said.2, &body);
        prop_assert_eq!(&said.3, behind.as_bytes());
        prop_assert!(said.4);
        prop_assert_eq!(Ok(said), read(&[&whole], &Method::GET, 0));
    }

    #[test]
    fn any_bytes_are_a_request_or_are_refused_in_the_same_way_however_they_come(
        (reply, _) in replies(), changes: Vec<(prop::sample::Index, u8)>, places: Vec<prop::sample::Index>,
    ) {
        let mut request = [b"POST /a?b HTTP/1.1\r\n", &reply[17..]].concat();
        prop_assert_eq!(asked(&cut(&request, &places)).unwrap(), asked(&[&request]).unwrap());
        for (place, byte) in changes {
            *place.get_mut(&mut request) = byte;
        }
        prop_assert_eq!(asked(&cut(&request, &places)), asked(&[&request]));
    }

    #[test]
    fn any_bytes_are_a_reply_or_are_refused_in_the_same_way_however_they_come(
        (mut reply, _) in replies(), changes: Vec<(prop::sample::Index, u8)>, places: Vec<prop::sample::Index>,
    ) {
        for (place, byte) in changes {
            *place.get_mut(&mut reply) = byte;
        }
        let (whole, pieces) = (read(&[&reply], &Method::GET, 0), read(&cut(&reply, &places), &Method::GET, 9));
        prop_assert_eq!(whole, pieces);
    }
}
