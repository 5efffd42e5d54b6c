use std::fmt::Write as _;

use ambient::Clock;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use egress::{Boxed, Credential, EgressError, Outgoing};
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use model::{Secrets, Template};
use url::Url;

use super::key::filled;
use super::{Masked, mask_header};

/// AWS Signature Version 4: who signs, and for what.
pub struct SigV4 {
    /// Access key id.
    pub access_key: Template,
    /// Secret access key.
    pub secret_key: Template,
    /// Session token of temporary credentials.
    pub session_token: Option<Template>,
    /// Region, such as `eu-central-1`.
    pub region: String,
    /// Service, such as `execute-api`.
    pub service: String,
}

/// Signs requests at the moment of sending.
pub(super) struct Signer {
    settings: SigV4,
    clock: Clock,
}

static DATE: HeaderName = HeaderName::from_static("x-amz-date");
static TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
static CONTENT: HeaderName = HeaderName::from_static("x-amz-content-sha256");

impl Signer {
    pub(super) const fn new(settings: SigV4, clock: Clock) -> Self {
        Self { settings, clock }
    }
}

impl Credential for Signer {
    fn apply<'a>(
        &'a self,
        request: &'a mut Outgoing,
        secrets: &'a dyn Secrets,
    ) -> Boxed<'a, Result<(), EgressError>> {
        Box::pin(async move {
            let unfit = || EgressError::secret("the access key fits no header field");
            let access = filled(&self.settings.access_key, request, secrets).await?;
            let secret = filled(&self.settings.secret_key, request, secrets).await?;
            secrets.used("secret-key", secret.reveal());
            let stamp = stamp(self.clock.now_millis());
            let hash = hex(digest(&SHA256, &request.body).as_ref());
            if let Some(token) = &self.settings.session_token {
                let token = filled(token, request, secrets).await?;
                secrets.used("session-token", token.reveal());
                let mut value = HeaderValue::try_from(token.reveal()).map_err(|_| unfit())?;
                value.set_sensitive(true);
                request.headers.insert(&TOKEN, value);
            }
            request.headers.insert(&DATE, HeaderValue::try_from(&stamp).map_err(|_| unfit())?);
            if self.settings.service == "s3" {
                request
                    .headers
                    .insert(&CONTENT, HeaderValue::try_from(&hash).map_err(|_| unfit())?);
            }
            let signed = Signing {
                access: access.reveal(),
                secret: secret.reveal(),
                region: &self.settings.region,
                service: &self.settings.service,
                stamp: &stamp,
                hash: &hash,
            };
            let line = signed.authorization(request);
            secrets.used("signature", line.rsplit('=').next().unwrap_or_default());
            let mut value = HeaderValue::try_from(line).map_err(|_| unfit())?;
            value.set_sensitive(true);
            request.headers.insert(AUTHORIZATION, value);
            Ok(())
        })
    }
}

impl Masked for Signer {
    fn mask(&self, request: &mut Outgoing) {
        let token = self.settings.session_token.as_ref().map(|_| &TOKEN);
        for name in [&DATE, &AUTHORIZATION].into_iter().chain(token) {
            mask_header(request, name);
        }
    }
}

struct Signing<'a> {
    access: &'a str,
    secret: &'a str,
    region: &'a str,
    service: &'a str,
    /// `YYYYMMDDThhmmssZ`
    stamp: &'a str,
    hash: &'a str,
}

impl Signing<'_> {
    fn authorization(&self, request: &Outgoing) -> String {
        let (headers, names) = headers(request);
        let canonical = format!(
            "{}\n{}\n{}\n{headers}\n{names}\n{}",
            request.method,
            path(&request.url, self.service == "s3"),
            query(&request.url),
            self.hash,
        );
        let scope = format!("{}/{}/{}/aws4_request", &self.stamp[..8], self.region, self.service);
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n{}\n{scope}\n{}",
            self.stamp,
            hex(digest(&SHA256, canonical.as_bytes()).as_ref())
        );
        let mut key = format!("AWS4{}", self.secret).into_bytes();
        for part in [&self.stamp[..8], self.region, self.service, "aws4_request"] {
            key = mac(&key, part);
        }
        let signature = hex(&mac(&key, &to_sign));
        format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            self.access
        )
    }
}

/// The fields that are signed: the host, the type of the body and the signer's own.
fn headers(request: &Outgoing) -> (String, String) {
    let mut all = vec![("host".to_owned(), authority(&request.url))];
    for (name, value) in &request.headers {
        let name = name.as_str();
        if name == "content-type" || name.starts_with("x-amz-") {
            let value = String::from_utf8_lossy(value.as_bytes());
            let plain = value.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
            all.push((name.to_owned(), plain));
        }
    }
    all.sort();
    let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    let names = names.join(";");
    let mut lines = String::new();
    for (name, value) in &all {
        let _ = writeln!(lines, "{name}:{value}");
    }
    (lines, names)
}

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The path, encoded once more for every service but S3.
fn path(url: &Url, once: bool) -> String {
    if once { url.path().to_owned() } else { encoded(url.path(), true) }
}

fn query(url: &Url) -> String {
    let mut pairs: Vec<(String, String)> = url
        .query_pairs()
        .map(|(name, value)| (encoded(&name, false), encoded(&value, false)))
        .collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn encoded(text: &str, slash: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.bytes() {
        if c.is_ascii_alphanumeric() || b"-._~".contains(&c) || (slash && c == b'/') {
            out.push(char::from(c));
        } else {
            let _ = write!(out, "%{c:02X}");
        }
    }
    out
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    sign(&Key::new(HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// `YYYYMMDDThhmmssZ` of a Unix time in milliseconds.
fn stamp(millis: u64) -> String {
    let at = i64::try_from(millis).ok().and_then(|m| Timestamp::from_millisecond(m).ok());
    at.unwrap_or(Timestamp::MAX).strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, Method};

    use super::*;

    /// The vectors of AWS's own test suite for Signature Version 4: key `AKIDEXAMPLE`, 2015-08-30T12:36:00Z.
    fn signature(method: Method, url: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(&DATE, HeaderValue::from_static("20150830T123600Z"));
        let request =
            Outgoing { method, url: Url::parse(url).unwrap(), headers, body: Bytes::new() };
        let hash = hex(digest(&SHA256, b"").as_ref());
        let signing = Signing {
            access: "AKIDEXAMPLE",
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            region: "us-east-1",
            service: "service",
            stamp: "20150830T123600Z",
            hash: &hash,
        };
        let value = signing.authorization(&request);
        value.rsplit_once('=').unwrap().1.to_owned()
    }

    #[test]
    fn the_published_vectors_are_met() {
        assert_eq!(
            signature(Method::GET, "https://example.amazonaws.com/"),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        );
        assert_eq!(
            signature(Method::POST, "https://example.amazonaws.com/"),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        );
        assert_eq!(
            signature(Method::GET, "https://example.amazonaws.com/?Param2=value2&Param1=value1"),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
        );
    }

    #[test]
    fn a_stamp_is_the_civil_time() {
        assert_eq!(stamp(1_440_938_160_000), "20150830T123600Z");
        assert_eq!(stamp(951_782_399_000), "20000228T235959Z");
        assert_eq!(stamp(951_782_400_000), "20000229T000000Z");
        assert_eq!(stamp(4_107_542_400_000), "21000301T000000Z");
    }
}
