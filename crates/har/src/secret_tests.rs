use super::*;

#[test]
fn credentials_are_known_by_their_names_and_figures_are_not() {
    for secret in [
        "Authorization",
        "X-Api-Key",
        "api_key",
        "apiKey",
        "access_token",
        "token",
        "X-Auth-Token",
        "password",
        "client_secret",
        "sid",
        "sessionId",
        "X-CSRF-Token",
        "sig",
        "X-Amz-Signature",
        "jwt",
        "refreshToken",
    ] {
        assert!(name(secret), "{secret}");
    }
    for plain in [
        "max_tokens",
        "nextPageToken",
        "page_token",
        "continuationToken",
        "token_count",
        "monkey",
        "key",
        "id",
        "design",
        "author",
        "authors",
        "keyword",
        "assigned",
        "inside",
        "passenger",
        "compass",
    ] {
        assert!(!name(plain), "{plain}");
    }
}

#[test]
fn credentials_are_known_by_their_form_whatever_they_are_called() {
    for secret in [
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "Bearer abcdefgh",
        "see ghp_16C7e42F292c6912E7710c838347Ae178B4a now",
        "AKIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY9a8B7c",
        "q9Zt4Lw0Xr7Yb2Nc5Vd8Km1P",
        "-----BEGIN PRIVATE KEY-----",
    ] {
        assert!(looks(secret), "{secret}");
    }
    for plain in [
        "a plain sentence with 3 numbers, 44 of them",
        "018f3e5e-9c1b-7abc-8def-0123456789ab",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "IMG_20240101_Something-Long-Name",
        "https://example.com/a/b?c=d",
        "basic",
        "Basic shirt",
        "2026-07-28T10:00:00Z",
    ] {
        assert!(!looks(plain), "{plain}");
    }
    assert!(value("appid", "0123456789abcdef0123456789abcdef"));
    assert!(!value("commit", "0123456789abcdef0123456789abcdef"));
}

#[test]
fn what_is_no_name_is_a_value() {
    for value in [
        "",
        "12345",
        "ada@example.com",
        "018f3e5e-9c1b-7abc-8def-0123456789ab",
        "__proto__",
        "a\u{7}b",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "user_q9Zt4Lw0Xr7Yb2Nc5Vd8Km1P",
        "{x}",
    ] {
        assert!(is_no_name(value), "{value}");
    }
    for name in [
        "id",
        "first name",
        "filter[status]",
        "ids[]",
        "$top",
        "dc:title",
        "@type",
        "line_1",
        "item2",
        "größe",
        "x-7",
    ] {
        assert!(!is_no_name(name), "{name}");
    }
}

#[test]
fn a_secret_is_known_again_as_a_part_of_another_text() {
    let mut vault = Vault::default();
    vault.keep("hunter2hunter2", 8);
    vault.keep("on", 8);
    assert!(
        vault.knows("hunter2hunter2")
            && vault.knows("x-hunter2hunter2")
            && vault.knows("a=hunter2hunter2")
    );
    assert!(!vault.knows("on") && !vault.knows("hunter2"));
}
