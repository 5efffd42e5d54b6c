use std::net::IpAddr;

use model::Timestamp;

use crate::escape;
use crate::instant;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Writes line number `seq` from a body made by [`Record::write_body`](crate::Record::write_body), its line break
/// included. `clock_back_ms` says by how much the wall clock had stepped back since the record before.
pub fn assemble(seq: u64, clock_back_ms: Option<u64>, body: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"seq\":");
    decimal(seq, out);
    out.push(b',');
    out.extend_from_slice(body);
    if let Some(back) = clock_back_ms {
        out.extend_from_slice(b",\"clock_back_ms\":");
        decimal(back, out);
    }
    out.extend_from_slice(b"}\n");
}

/// Writes the members of one record. By hand rather than through a serialiser: this is on the way of every call.
pub(crate) struct Line<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Line<'a> {
    /// Begins with the time; every later member brings its own comma.
    pub(crate) fn begin(time: Timestamp, out: &'a mut Vec<u8>) -> Self {
        out.extend_from_slice(b"\"time\":\"");
        instant::write_rfc3339(time, out);
        out.push(b'"');
        Self { out }
    }

    /// A value that is known to need no escaping.
    pub(crate) fn plain(&mut self, name: &str, value: &str) {
        self.open(name);
        self.out.extend_from_slice(value.as_bytes());
        self.out.push(b'"');
    }

    /// The same, if there is one.
    pub(crate) fn name(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.plain(name, value);
        }
    }

    /// A value from outside: escaped, and cut where it would take more than `max` bytes of the line.
    pub(crate) fn text(&mut self, name: &str, value: Option<&str>, max: usize) {
        if let Some(value) = value {
            self.prefixed(name, "", value, max);
        }
    }

    /// The same, after a prefix that needs no escaping.
    pub(crate) fn prefixed(&mut self, name: &str, prefix: &str, value: &str, max: usize) {
        self.open(name);
        self.out.extend_from_slice(prefix.as_bytes());
        self.bounded(value, max);
        self.out.push(b'"');
    }

    pub(crate) fn number(&mut self, name: &str, value: Option<u64>) {
        if let Some(value) = value {
            self.member(name);
            decimal(value, self.out);
        }
    }

    pub(crate) fn signed(&mut self, name: &str, value: Option<i64>) {
        if let Some(value) = value {
            self.member(name);
            if value < 0 {
                self.out.push(b'-');
            }
            decimal(value.unsigned_abs(), self.out);
        }
    }

    pub(crate) fn digest(&mut self, name: &str, value: Option<&[u8; 32]>) {
        if let Some(value) = value {
            self.open(name);
            let mut digits = [0; 64];
            for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(value) {
                *pair = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
            }
            self.out.extend_from_slice(&digits);
            self.out.push(b'"');
        }
    }

    /// An address, without a port.
    pub(crate) fn address(&mut self, name: &str, value: Option<IpAddr>) {
        match value {
            None => {}
            Some(IpAddr::V4(address)) => {
                self.open(name);
                for (at, part) in address.octets().into_iter().enumerate() {
                    if at > 0 {
                        self.out.push(b'.');
                    }
                    decimal(part.into(), self.out);
                }
                self.out.push(b'"');
            }
            Some(IpAddr::V6(address)) => self.plain(name, &address.to_string()),
        }
    }

    /// Begins a member that is an object, with the first of its own members; what follows until
    /// [`Line::end_object`] goes into it.
    pub(crate) fn begin_object(&mut self, name: &str, first: &str, value: &str, max: usize) {
        self.member(name);
        self.out.extend_from_slice(b"{\"");
        self.out.extend_from_slice(first.as_bytes());
        self.out.extend_from_slice(b"\":\"");
        self.bounded(value, max);
        self.out.push(b'"');
    }

    /// Ends it.
    pub(crate) fn end_object(&mut self) {
        self.out.push(b'}');
    }

    fn bounded(&mut self, value: &str, max: usize) {
        if !escape::json_bounded(value, max, self.out) {
            self.out.extend_from_slice("…[cut, ".as_bytes());
            decimal(value.len() as u64, self.out);
            self.out.extend_from_slice(b" bytes]");
        }
    }

    fn member(&mut self, name: &str) {
        self.out.extend_from_slice(b",\"");
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    fn open(&mut self, name: &str) {
        self.member(name);
        self.out.push(b'"');
    }
}

/// Appends a number in decimal.
pub(crate) fn decimal(mut value: u64, out: &mut Vec<u8>) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}
