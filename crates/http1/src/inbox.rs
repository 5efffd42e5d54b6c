use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Room for what is read next where nothing is known of its length; there is made more once less than a quarter is left.
const ROOM: usize = 8 << 10;
/// The same where messages are long.
const MOST_ROOM: usize = 128 << 10;

/// What has been read of a connection and not yet taken. Its room follows the length of what comes.
#[derive(Debug)]
pub struct Inbox {
    bytes: BytesMut,
    /// How much is read at once.
    room: usize,
    /// How much was read of this message.
    read: usize,
}

impl Default for Inbox {
    fn default() -> Self {
        Self { bytes: BytesMut::new(), room: ROOM, read: 0 }
    }
}

impl Inbox {
    /// What has been read, to take from its front.
    pub const fn bytes(&mut self) -> &mut BytesMut {
        &mut self.bytes
    }

    /// Whether all that was read has been taken.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Another message begins. Most often it is like the one before.
    pub fn begin(&mut self) {
        self.room = std::mem::take(&mut self.read).next_power_of_two().clamp(ROOM, MOST_ROOM);
    }

    /// Lets go of the room that a long message took: an idle connection should not keep it.
    pub fn slim(&mut self) {
        if self.read > ROOM && self.bytes.is_empty() {
            self.bytes = BytesMut::new();
        }
    }

    /// Reads what has come; zero once the peer has closed. There is room for `known` bytes, or else as usual.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        stream: Pin<&mut (impl AsyncRead + ?Sized)>,
        known: usize,
    ) -> Poll<io::Result<usize>> {
        let least = if known > 0 { known.min(MOST_ROOM) } else { self.room / 4 };
        if self.bytes.capacity() - self.bytes.len() < least {
            self.bytes.reserve(known.max(self.room));
        }
        let spare = self.bytes.capacity() - self.bytes.len();
        let mut stream = stream;
        let read = ready!(pin!(stream.read_buf(&mut self.bytes)).poll(cx))?;
        self.read += read;
        if read == spare {
            self.room = (2 * self.room).min(MOST_ROOM);
        }
        Poll::Ready(Ok(read))
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    fn fill(inbox: &mut Inbox, stream: &mut &[u8], known: usize) -> usize {
        let cx = &mut Context::from_waker(Waker::noop());
        match inbox.poll_fill(cx, Pin::new(stream), known) {
            Poll::Ready(read) => read.unwrap(),
            Poll::Pending => panic!("a slice waits for nothing"),
        }
    }

    #[test]
    fn room_grows_with_what_comes_within_its_bounds_and_a_next_message_gets_as_much() {
        let bytes = vec![b'x'; 1 << 20];
        let (mut inbox, mut stream) = (Inbox::default(), &bytes[..]);
        let mut reads = Vec::new();
        for _ in 0..8 {
            reads.push(fill(&mut inbox, &mut stream, 0));
            drop(inbox.bytes().split());
        }
        assert_eq!(reads[0], ROOM);
        assert_eq!(reads[..5], [ROOM, 2 * ROOM, 4 * ROOM, 8 * ROOM, MOST_ROOM]);
        assert!(reads.iter().all(|read| *read <= 2 * MOST_ROOM), "{reads:?}");
        inbox.begin();
        assert_eq!(inbox.room, MOST_ROOM);
        fill(&mut inbox, &mut &b"short"[..], 0);
        inbox.begin();
        assert_eq!(inbox.room, ROOM);
    }

    #[test]
    fn what_is_known_to_come_has_room_in_one_piece() {
        let bytes = vec![b'x'; 100_000];
        let (mut inbox, mut stream) = (Inbox::default(), &bytes[..]);
        assert_eq!(fill(&mut inbox, &mut stream, bytes.len()), bytes.len());
        assert_eq!(fill(&mut inbox, &mut stream, 0), 0, "the end");
    }

    #[test]
    fn the_room_of_a_long_message_is_let_go_of_once_it_has_been_taken_and_that_of_a_short_one_kept()
    {
        for (length, taken, kept) in
            [(100, true, true), (ROOM + 1, true, false), (ROOM + 1, false, true)]
        {
            let bytes = vec![b'x'; length];
            let (mut inbox, mut stream) = (Inbox::default(), &bytes[..]);
            while fill(&mut inbox, &mut stream, 0) > 0 {}
            if taken {
                inbox.bytes().clear();
            }
            inbox.slim();
            assert_eq!(inbox.bytes().capacity() > 0, kept, "{length} {taken}");
        }
    }
}
