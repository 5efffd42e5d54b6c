//! Frames of a websocket (RFC 6455, section 5), from the side of a client.

use bytes::{Buf as _, Bytes, BytesMut};

/// What a frame is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

impl Code {
    fn of(nibble: u8) -> Option<Self> {
        [Self::Continuation, Self::Text, Self::Binary, Self::Close, Self::Ping, Self::Pong]
            .into_iter()
            .find(|code| *code as u8 == nibble)
    }

    fn is_control(self) -> bool {
        self as u8 >= 8
    }
}

/// One frame as it came.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) last: bool,
    pub(super) code: Code,
    pub(super) payload: Bytes,
}

/// Why bytes are no frame that a server may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    /// Against the protocol.
    Form(&'static str),
    /// Longer than is read.
    TooLarge,
}

/// Takes the next frame off the buffer; `None` if it is not whole yet. A payload above `most` is refused by its length
/// alone, before it is waited for.
pub(super) fn take(buffer: &mut BytesMut, most: usize) -> Result<Option<Frame>, Wrong> {
    let [first, second, rest @ ..] = &buffer[..] else { return Ok(None) };
    if first & 0x70 != 0 {
        return Err(Wrong::Form("a reserved bit is set"));
    }
    let code = Code::of(first & 0x0f).ok_or(Wrong::Form("the opcode is unknown"))?;
    let last = first & 0x80 != 0;
    if second & 0x80 != 0 {
        return Err(Wrong::Form("a server does not mask"));
    }
    let (length, head) = match second & 0x7f {
        126 => match rest.first_chunk() {
            Some(bytes) => (u64::from(u16::from_be_bytes(*bytes)), 4),
            None => return Ok(None),
        },
        127 => match rest.first_chunk() {
            Some(bytes) => (u64::from_be_bytes(*bytes), 10),
            None => return Ok(None),
        },
        short => (u64::from(short), 2),
    };
    let shortest = match head {
        4 => 126,
        10 => 1 << 16,
        _ => 0,
    };
    if length < shortest {
        return Err(Wrong::Form("a length is not written in its shortest form"));
    }
    if code.is_control() && (!last || length > 125) {
        return Err(Wrong::Form("a control frame is in parts, or too long"));
    }
    let most = if code.is_control() { 125 } else { most };
    let length = usize::try_from(length).ok().filter(|length| *length <= most);
    let length = length.ok_or(Wrong::TooLarge)?;
    if buffer.len() - head < length {
        return Ok(None);
    }
    buffer.advance(head);
    Ok(Some(Frame { last, code, payload: buffer.split_to(length).freeze() }))
}

/// A whole message or control frame, masked as clients must.
pub(super) fn write(code: Code, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 14);
    out.push(0x80 | code as u8);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short @ ..126), _) => out.push(0x80 | short),
        (_, Ok(middle)) => {
            out.push(0x80 | 0x7e);
            out.extend(middle.to_be_bytes());
        }
        _ => {
            out.push(0x80 | 127);
            out.extend((payload.len() as u64).to_be_bytes());
        }
    }
    out.extend(mask);
    out.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(bytes: &[u8]) -> Result<Option<Frame>, Wrong> {
        take(&mut BytesMut::from(bytes), 1 << 20)
    }

    #[test]
    fn the_examples_of_the_standard_are_read_and_written() {
        // RFC 6455, section 5.7
        let hello = Frame { last: true, code: Code::Text, payload: "Hello".into() };
        assert_eq!(one(b"\x81\x05Hello"), Ok(Some(hello)));
        let part = Frame { last: false, code: Code::Text, payload: "Hel".into() };
        assert_eq!(one(b"\x01\x03Hel"), Ok(Some(part)));
        assert_eq!(
            write(Code::Text, b"Hello", [0x37, 0xfa, 0x21, 0x3d]),
            b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"
        );
    }

    #[test]
    fn what_a_server_may_not_send_is_refused() {
        for bad in [
            &b"\xc1\x00"[..],    // reserved bit
            b"\x83\x00",         // opcode 3
            b"\x81\x80\0\0\0\0", // masked
            b"\x81\x7e\x00\x7d", // length too long for what it says
            b"\x81\x7f\0\0\0\0\0\0\xff\xff",
            b"\x09\x00",         // a ping in parts
            b"\x89\x7e\x00\x7e", // a long ping
        ] {
            assert!(matches!(one(bad), Err(Wrong::Form(_))), "{bad:02x?}");
        }
        assert_eq!(one(b"\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"), Err(Wrong::TooLarge));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_and_half_a_frame_takes_nothing(bytes: Vec<u8>) {
            let mut buffer = BytesMut::from(&bytes[..]);
            if let Ok(None) = take(&mut buffer, 1 << 10) {
                prop_assert_eq!(&buffer[..], &bytes[..]);
            }
        }

        #[test]
        fn what_is_written_is_the_same_without_its_mask(length in 0_usize..70_000, mask: [u8; 4]) {
            let payload = vec![0x5a; length];
            let mut frame = write(Code::Text, &payload, mask);
            let at = frame.len() - length;
            for (byte, mask) in frame[at..].iter_mut().zip(mask.iter().cycle()) {
                *byte ^= mask;
            }
            frame.drain(at - 4..at);
            frame[1] &= 0x7f;
            let read = one(&frame).unwrap().unwrap();
            prop_assert_eq!(&read.payload[..], &payload[..]);
        }
    }
}
