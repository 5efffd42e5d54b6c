use bytes::{Bytes, BytesMut};
use http::{Method, Request};
use proptest::prelude::*;

use super::*;

const BOUNDS: Bounds = Bounds { bytes: 1 << 10, fields: 8 };

/// What a reply says once it has been read.
type Said = (u16, Vec<(String, Vec<u8>)>, Vec<u8>, Vec<u8>, bool);

/// Reads a reply that comes in these pieces, after which the peer closes: status, fields, body, what is behind it, and
/// whether the connection may serve again.
fn read(pieces: &[&[u8]], method: &Method, gather: usize) -> Result<Said, Kind> {
    let (mut inbox, mut rest) = (BytesMut::new(), pieces.iter());
    let mut more = |inbox: &mut BytesMut| match rest.next() {
        Some(piece) => {
            inbox.extend_from_slice(piece);
            true
        }
        None => false,
    };
    let mut head = loop {
        match Head::take(&mut inbox, method, BOUNDS).map_err(|f| f.kind)? {
            Some(head) => break head,
            None if more(&mut inbox) => {}
            None => return Err(Kind::Reset),
        }
    };
    let mut body = Vec::new();
    loop {
        match head.framing.next(&mut inbox, gather).map_err(|f| f.kind)? {
            Piece::Data(data) => body.extend_from_slice(&data),
            Piece::End => break,
            Piece::More if more(&mut inbox) => {}
            Piece::More if head.framing.close() => break,
            Piece::More => return Err(Kind::Reset),
        }
    }
    while more(&mut inbox) {}
    let fields = head.headers.iter().map(|(n, v)| (n.to_string(), v.as_bytes().to_vec())).collect();
    Ok((head.status.as_u16(), fields, body, inbox.to_vec(), head.keeps))
}

fn get(reply: &str) -> Result<Said, Kind> {
    read(&[reply.as_bytes()], &Method::GET, 0)
}

/// Body, what is behind it, and whether the connection may serve again.
fn ends(reply: &str) -> Result<(String, String, bool), Kind> {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    get(reply).map(|(_, _, body, rest, keeps)| (text(body), text(rest), keeps))
}

const BROKEN: Kind = Kind::Protocol(Violation::Http);

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
        let taken = Head::take(&mut BytesMut::from(banner), &Method::GET, BOUNDS);
        assert_eq!(taken.unwrap_err().kind, BROKEN, "{banner:?}");
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
        assert_eq!(get(reply), Err(Kind::Reset), "{reply:?}");
        assert_eq!(read(&[reply.as_bytes()], &Method::GET, 9), Err(Kind::Reset), "{reply:?}");
    }
}

#[test]
fn heads_and_what_stands_about_chunks_are_bounded() {
    let fields = |count: usize| "A: b\r\n".repeat(count);
    assert!(get(&format!("HTTP/1.1 204 x\r\n{}\r\n", fields(8))).is_ok());
    assert_eq!(get(&format!("HTTP/1.1 204 x\r\n{}\r\n", fields(9))), Err(Kind::TooLarge));
    let many = Bounds { bytes: 1 << 10, fields: 100 };
    for (count, taken) in [(100, true), (101, false)] {
        let mut inbox = BytesMut::from(&*format!("HTTP/1.1 204 x\r\n{}\r\n", fields(count)));
        assert_eq!(Head::take(&mut inbox, &Method::GET, many).is_ok(), taken, "{count}");
    }
    let long = |length: usize| format!("HTTP/1.1 204 x\r\nA: {}", "b".repeat(length - 19));
    assert!(get(&format!("{}\r\n\r\n", long(1020))).is_ok());
    assert_eq!(get(&format!("{}\r\n\r\n", long(1021))), Err(Kind::TooLarge));
    assert_eq!(get(&long(1024)), Err(Kind::TooLarge), "whether it has an end or not");
    let chunked =
        |body: &str| get(&format!("HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n{body}"));
    let many = |count: usize, more: &str| format!("1{more}\r\na\r\n").repeat(count) + "0\r\n\r\n";
    assert_eq!(chunked(&many(9000, "")).map(|said| said.2.len()), Ok(9000));
    assert_eq!(chunked(&many(9000, ";a=bcdefghijklmnop")), Err(Kind::TooLarge));
    assert_eq!(chunked(&format!("0\r\n{}\r\n", "A: b\r\n".repeat(4097))), Err(Kind::TooLarge));
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
    fn any_bytes_are_a_reply_or_are_refused_in_the_same_way_however_they_come(
        (mut reply, _) in replies(), changes: Vec<(prop::sample::Index, u8)>, places: Vec<prop::sample::Index>,
    ) {
        for (place, byte) in changes {
            *place.get_mut(&mut reply) = byte;
        }
        let (whole, pieces) = (read(&[&reply], &Method::GET, 0), read(&cut(&reply, &places), &Method::GET, 9));
        prop_assert_eq!(whole, pieces);
    }

    #[test]
    fn a_request_is_written_whole_however_little_is_taken_at_once(
        length in 0_usize..9000, steps in prop::collection::vec(1_usize..3000, 1..9),
    ) {
        let body = Bytes::from(vec![b'x'; length]);
        let request = || Request::put("/a?b").header("x-y", "z").body(body.clone()).unwrap();
        let mut outbox = Outbox::default();
        let mut written = Vec::new();
        // Twice: what is left of the first does not come back.
        for _ in 0..2 {
            outbox.put(request());
            written.clear();
            for step in steps.iter().cycle() {
                let (head, rest) = outbox.left();
                let all = [head, rest].concat();
                if all.is_empty() {
                    break;
                }
                let count = all.len().min(*step);
                written.extend_from_slice(&all[..count]);
                outbox.advance(count);
            }
        }
        let told = if length == 0 { String::new() } else { format!("content-length: {length}\r\n") };
        let head = format!("PUT /a?b HTTP/1.1\r\nx-y: z\r\n{told}\r\n");
        prop_assert_eq!(written, [head.as_bytes(), &body].concat());
    }
}
