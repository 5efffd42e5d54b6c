use bytes::{Buf as _, Bytes};
use http::{HeaderMap, Method, Request, Uri};

/// Bodies up to this length are written in one piece with their head.
const TOGETHER: usize = 4 << 10;

/// A request that is being written. The room for its head is kept for the next.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    head: Vec<u8>,
    /// How much of `head` has been written.
    written: usize,
    body: Bytes,
}

impl Outbox {
    /// Puts a request in. Its header fields are written as they are; `Content-Length` goes with a body that is not empty.
    pub(crate) fn put(&mut self, request: Request<Bytes>) {
        let (parts, body) = request.into_parts();
        self.written = 0;
        self.head.clear();
        write_head(&mut self.head, &parts.method, &parts.uri, &parts.headers, body.len());
        if body.len() <= TOGETHER {
            self.head.extend_from_slice(&body);
            self.body = Bytes::new();
        } else {
            self.body = body;
        }
    }

    /// What is left to be written, one after the other.
    pub(crate) fn left(&self) -> (&[u8], &[u8]) {
        (&self.head[self.written..], &self.body)
    }

    /// So many bytes of it have been written.
    pub(crate) fn advance(&mut self, count: usize) {
        let of_head = count.min(self.head.len() - self.written);
        self.written += of_head;
        self.body.advance(count - of_head);
    }

    /// Nobody takes what is left.
    pub(crate) fn clear(&mut self) {
        self.head.clear();
        self.written = 0;
        self.body = Bytes::new();
    }
}

/// RFC 9112, sections 3 and 5. What a URL, a name and a value hold cannot end a line: their types see to it.
fn write_head(head: &mut Vec<u8>, method: &Method, uri: &Uri, headers: &HeaderMap, length: usize) {
    head.extend_from_slice(method.as_str().as_bytes());
    head.push(b' ');
    match (uri.scheme(), uri.path_and_query()) {
        (None, Some(path)) => head.extend_from_slice(path.as_str().as_bytes()),
        // As a proxy wants it.
        _ => head.extend_from_slice(uri.to_string().as_bytes()),
    }
    head.extend_from_slice(b" HTTP/1.1\r\n");
    for (name, value) in headers {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    if length > 0 {
        head.extend_from_slice(b"content-length: ");
        head.extend_from_slice(length.to_string().as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
}
