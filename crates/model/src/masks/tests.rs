use proptest::prelude::*;

use super::*;

fn masks(values: &[&str]) -> Masks {
    let mut masks = Masks::none();
    for value in values {
        masks.add("shop", value);
    }
    masks
}

fn masked(value: &str, text: &str) -> String {
    masks(&[value]).text(text.to_owned())
}

#[test]
fn the_mark_says_which_secret_stood_there() {
    let said = masked("t0ken-of-the-shop", "bad token: Bearer t0ken-of-the-shop, sorry");
    assert_eq!(said, "bad token: Bearer [secret:shop withheld], sorry");
    assert!(masks(&["t0ken-of-the-shop"]).masked(b"nothing here").is_none());
}

#[test]
fn what_is_shorter_than_eight_bytes_is_not_looked_for() {
    assert_eq!(masked("1234567", "1234567"), "1234567");
    assert_eq!(masked("12345678", "12345678"), "[secret:shop withheld]");
    assert!(masks(&["short", ""]).is_empty());
}

#[test]
fn codings_within_one_another_are_seen_through() {
    let secret = "a/b \"c\" é&d";
    for text in [
        r#"{"said":"a\/b \"c\" \u00e9&d"}"#,
        "/x?key=a%2Fb%20%22c%22%20%C3%A9%26d&y=1",
        "/x?key=a%2fb+%22c%22+%c3%a9%26d&y=1",
        r#"{"url":"\/x?key=a%2Fb%20%22c%22%20%C3%A9%26d"}"#,
        "<p>a/b &quot;c&quot; é&amp;d</p>",
        "<p>a&#47;b &#34;c&#x22; &#xe9;&amp;d</p>",
        r#"{"inner":"{\"said\":\"a\\/b \\\"c\\\" \\u00e9&d\"}"}"#,
        "/x?then=%2Fy%3Fkey%3Da%252Fb%2520%2522c%2522%2520%25C3%25A9%2526d",
    ] {
        let said = masked(secret, text);
        assert!(said.contains("[secret:shop withheld]"), "{text}: {said}");
        assert!(!said.contains('c') || said.contains("secret:shop"), "{said}");
        assert!(!said.contains("22c") && !said.contains("\"c"), "{said}");
    }
}

#[test]
fn base64_of_a_longer_text_is_masked_with_the_digits_at_its_ends() {
    for user in ["u", "us", "use", "user"] {
        for after in ["", ":x", "yz", "abc"] {
            let text = STANDARD_NO_PAD.encode(format!("{user}:pass/w0rd??>{after}"));
            let said = masked("pass/w0rd??>", &format!("Basic {text}=="));
            assert!(said.contains("[secret:shop withheld]"), "{user} {after}: {said}");
            let left = said.replace("Basic ", "").replace("[secret:shop withheld]", " ");
            let bytes: Vec<u8> = left.bytes().filter(u8::is_ascii_alphanumeric).collect();
            // Of `user:` and what follows, at most; nothing of the value.
            assert!(bytes.len() <= (user.len() + 1 + after.len()).div_ceil(3) * 4, "{left}");
        }
    }
}

#[test]
fn a_number_that_is_a_secret_leaves_json_whole() {
    let said = masked("1234567890", r#"{"id": 1234567890, "more": [-91234567890.5e3, 1]}"#);
    let value: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(value["id"], "[secret:shop withheld]");
    assert_eq!(value["more"][0], "[secret:shop withheld]");
    let said = masked("n1234567", r#"{"id": "\n1234567"}"#);
    assert!(serde_json::from_str::<serde_json::Value>(&said).is_ok(), "{said}");
}

#[test]
fn a_secret_within_another_does_not_leave_the_rest_of_it() {
    let masks = masks(&["inner-secret", "outer-inner-secret-outer"]);
    let said = masks.text("x outer-inner-secret-outer y".to_owned());
    assert_eq!(said, "x [secret:shop withheld] y");
}

#[test]
fn names_cannot_break_out_of_the_mark() {
    let mut masks = Masks::none();
    masks.add("env:\"]\n\\", "value-of-it");
    assert_eq!(masks.text("value-of-it".to_owned()), "[secret:env:???? withheld]");
}

/// Ways to write a text into another.
fn ways() -> impl Strategy<Value = fn(&str) -> String> {
    fn plain(text: &str) -> String {
        text.to_owned()
    }
    fn json(text: &str) -> String {
        let quoted = serde_json::to_string(text).unwrap();
        quoted[1..quoted.len() - 1].to_owned()
    }
    fn ascii_json(text: &str) -> String {
        let unit = |u: u16| format!("\\u{u:04x}");
        text.encode_utf16().map(unit).collect()
    }
    fn percent(text: &str) -> String {
        let one = |b: u8| format!("%{b:02X}");
        text.bytes().map(one).collect()
    }
    fn some_percent(text: &str) -> String {
        let one = |b: u8| {
            if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02x}") }
        };
        text.bytes().map(one).collect()
    }
    fn form(text: &str) -> String {
        some_percent(text).replace("%20", "+")
    }
    fn base64(text: &str) -> String {
        STANDARD_NO_PAD.encode(text)
    }
    fn url_base64(text: &str) -> String {
        URL_SAFE_NO_PAD.encode(format!("ab{text}c"))
    }
    fn html(text: &str) -> String {
        let one = |c: char| format!("&#{};", u32::from(c));
        text.chars().map(one).collect()
    }
    prop::sample::select(vec![
        plain as fn(&str) -> String,
        json,
        ascii_json,
        percent,
        some_percent,
        form,
        base64,
        url_base64,
        html,
    ])
}

proptest! {
    #[test]
    fn no_secret_is_left_however_it_was_written_and_wherever_it_stands(
        secret in "[ -~é€]{8,40}",
        before in "[ -~]{0,20}",
        after in "[ -~]{0,20}",
        inner in ways(),
    ) {
        // A text of its own around it must not complete an escape, and a mark may hold a word of the secret.
        let ends = |c: char| !"\\%&#;+".contains(c) && !c.is_ascii_alphanumeric();
        let before: String = before.chars().filter(|c| ends(*c)).collect();
        prop_assume!(!"[secret:shop withheld]".contains(&secret));
        let written = inner(&secret);
        let text = format!("{before} {written} {after}");
        let said = masked(&secret, &text);
        prop_assert!(said.contains("[secret:shop withheld]"), "{} in {}: {}", secret, text, said);
        prop_assert!(!said.contains(&written), "{} in {}", written, said);
        let fine = format!("{before} [secret:shop withheld] {after}");
        prop_assert!(!said.contains(&secret) || fine.contains(&secret));
    }

    #[test]
    fn what_holds_no_secret_stays_as_it_is_and_nothing_makes_it_stumble(
        secret in "[a-z]{8,20}[!?]",
        text in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let masks = masks(&[&secret]);
        match masks.masked(&text) {
            None => {}
            Some(masked) => prop_assert!(masked != text),
        }
    }

    #[test]
    fn json_stays_json(secret in "[ !#-\\[\\]-~]{8,30}", words in prop::collection::vec("[ -~é]{0,12}", 1..5)) {
        let mut all: Vec<String> = words.clone();
        all.push(secret.clone());
        all.extend(words);
        let text = serde_json::to_string(&serde_json::json!({ "all": all, "n": 1.5 })).unwrap();
        let said = masked(&secret, &text);
        let read: serde_json::Value = serde_json::from_str(&said).unwrap();
        prop_assert_eq!(read["n"].as_f64(), Some(1.5));
    }
}
