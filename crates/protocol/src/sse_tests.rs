use proptest::prelude::*;

use super::*;

fn parse(text: &[u8]) -> Vec<(String, Option<String>, String)> {
    let events = Parser::new(1 << 20).feed(text).unwrap();
    let data = |e: &Event| String::from_utf8(e.data.to_vec()).unwrap();
    events.iter().map(|e| (e.name.clone(), e.id.clone(), data(e))).collect()
}

fn message(data: &str) -> (String, Option<String>, String) {
    ("message".into(), None, data.into())
}

#[test]
fn mixed_line_ends_and_a_leading_byte_order_mark_are_lawful_g_http_43() {
    let text = b"\xEF\xBB\xBFdata: a\r\n\r\ndata:b\n\ndata: c\rdata: d\r\r";
    assert_eq!(parse(text), [message("a"), message("b"), message("c\nd")]);
}

#[test]
fn the_examples_of_the_html_standard_9_2_6() {
    assert_eq!(parse(b"data: YHOO\ndata: +2\ndata: 10\n\n"), [message("YHOO\n+2\n10")]);
    let text = b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n";
    let id = |id: &str| Some(id.to_owned());
    let (m, d) = (|| "message".to_owned(), |d: &str| d.to_owned());
    assert_eq!(
        parse(text),
        [
            (m(), id("1"), d("first event")),
            (m(), id(""), d("second event")),
            (m(), id(""), d(" third event"))
        ]
    );
    assert_eq!(parse(b"data\n\ndata\ndata\n\ndata:"), [message(""), message("\n")]);
    assert_eq!(parse(b"data:test\n\ndata: test\n\n"), [message("test"), message("test")]);
}

#[test]
fn an_event_without_a_data_line_is_none_but_its_id_counts() {
    let mut parser = Parser::new(100);
    assert_eq!(parser.feed(b"event: x\nid: 7\n\n").unwrap(), []);
    assert_eq!(parser.last_id(), Some("7"));
    let next = parser.feed(b"id: a\0b\ndata: y\n\n").unwrap();
    assert_eq!((next[0].name.as_str(), next[0].id.as_deref()), ("message", Some("7")));
}

#[test]
fn retry_is_digits_only_and_may_be_zero_g_http_44() {
    let mut parser = Parser::new(100);
    parser.feed(b"retry: 1500\n\nretry: soon\n\nretry: -1\n\nretry:\n\n").unwrap();
    assert_eq!(parser.retry(), Some(Duration::from_millis(1500)));
    parser.feed(b"retry: 0\n\n").unwrap();
    assert_eq!(parser.retry(), Some(Duration::ZERO));
}

#[test]
fn an_event_without_an_end_hits_the_bound_and_stays_refused_g_http_38() {
    let endless: [&[u8]; 4] = [b"data: xxxxxxxxxxxxxxxx\n", b"data\n", b": comment\n", b"x"];
    for piece in endless {
        let mut parser = Parser::new(1000);
        let outcome = (0..2000).find_map(|_| parser.feed(piece).err());
        assert_eq!(outcome, Some(SseError::TooLarge(1000)));
        assert!(parser.feed(b"\n\ndata: y\n\n").is_err());
    }
    let mut parser = Parser::new(10);
    for _ in 0..100 {
        assert_eq!(parser.feed(b"data: 1\n\n").unwrap().len(), 1);
        assert_eq!(parser.feed(KEEP_ALIVE).unwrap(), []);
    }
}

#[test]
fn line_breaks_in_data_become_data_lines() {
    let pretty = "{\n  \"a\": 1\r\n}";
    let text = encode(Some("message"), Some("a\nb"), pretty).into_bytes();
    assert_eq!(&text[..], b"event: message\nid: ab\ndata: {\ndata:   \"a\": 1\ndata: }\n\n");
}

#[test]
fn a_priming_event_carries_its_id_and_no_data() {
    let mut parser = Parser::new(100);
    let events = parser.feed(&prime("s-1", Some(Duration::from_secs(2)))).unwrap();
    assert_eq!(
        events,
        [Event { name: "message".into(), id: Some("s-1".into()), data: Bytes::new() }]
    );
    assert_eq!(parser.retry(), Some(Duration::from_secs(2)));
}

proptest! {
    #[test]
    fn many_small_feeds_equal_one_big_one(
        pieces in prop::collection::vec(
            prop_oneof![Just("data"), Just("id"), Just("event"), Just("retry"), Just(":"), Just(" "), Just("1"),
                Just("\r"), Just("\n"), Just("\r\n"), Just("\u{FEFF}"), Just("\0"), Just("x")], 0..80),
        cuts in prop::collection::vec(0usize..200, 0..20),
    ) {
        let text = pieces.concat().into_bytes();
        let mut whole = Parser::new(10_000);
        let expected = whole.feed(&text).unwrap();
        let mut cuts: Vec<_> = cuts.into_iter().map(|c| c.min(text.len())).chain([0, text.len()]).collect();
        cuts.sort_unstable();
        let mut small = Parser::new(10_000);
        let mut events = Vec::new();
        for pair in cuts.windows(2) {
            events.extend(small.feed(&text[pair[0]..pair[1]]).unwrap());
        }
        prop_assert_eq!(events, expected);
        prop_assert_eq!((small.last_id(), small.retry()), (whole.last_id(), whole.retry()));
    }

    #[test]
    fn what_is_written_is_read_back_with_line_feeds_for_line_breaks(
        parts in prop::collection::vec("[a\"{}: \r\n]{0,6}", 0..6), id in prop::option::of("[a-z0-9]{1,9}"),
    ) {
        let mut rope = Rope::new();
        for part in &parts {
            rope.push(part.clone());
        }
        let text = encode(Some("message"), id.as_deref(), rope).into_bytes();
        let events = Parser::new(10_000).feed(&text).unwrap();
        let data = parts.concat().replace("\r\n", "\n").replace('\r', "\n");
        prop_assert_eq!(events, [Event { name: "message".into(), id, data: data.into() }]);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in any::<Vec<u8>>()) {
        let _ = Parser::new(20).feed(&bytes);
    }
}
