use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// So much of a file is read at once.
const PIECE: u64 = 256 * 1024;

/// The lines of a file, of which only a piece is in memory at a time: a segment is as long as an operator likes.
pub(crate) struct Window {
    file: File,
    /// Where what was written ends. Zeros behind it are room that was set aside.
    end: u64,
    /// Where the buffer begins in the file, and the next line in the buffer.
    at: u64,
    from: usize,
    buffer: Vec<u8>,
}

impl Window {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let end = written(&file)?;
        Ok(Self { file, end, at: 0, from: 0, buffer: Vec::new() })
    }

    /// The next line, without its break; nothing where no whole line is left. The same until it is passed.
    pub(crate) fn line(&mut self) -> io::Result<Option<&[u8]>> {
        let mut known = self.from;
        loop {
            let found = self.buffer[known..].iter().position(|b| *b == b'\n');
            if let Some(length) = found {
                return Ok(Some(&self.buffer[self.from..known + length]));
            }
            let left = self.end - self.at - self.buffer.len() as u64;
            if left == 0 {
                return Ok(None);
            }
            known = self.buffer.len() - self.from;
            self.at += self.from as u64;
            self.buffer.drain(..self.from);
            self.from = 0;
            self.read(left.min(PIECE))?;
        }
    }

    /// Goes on behind a line of so many bytes.
    pub(crate) fn pass(&mut self, length: usize) {
        self.from += length + 1;
    }

    /// Where the next line begins.
    pub(crate) fn offset(&self) -> u64 {
        self.at + self.from as u64
    }

    /// All that is left.
    pub(crate) fn rest(&mut self) -> io::Result<&[u8]> {
        self.read(self.end - self.at - self.buffer.len() as u64)?;
        Ok(&self.buffer[self.from..])
    }

    fn read(&mut self, more: u64) -> io::Result<()> {
        let before = self.buffer.len();
        let more = usize::try_from(more).map_err(io::Error::other)?;
        self.buffer.resize(before + more, 0);
        self.file.read_exact_at(&mut self.buffer[before..], self.at + before as u64)
    }
}

/// How many bytes of a file there are before the zeros at its end.
fn written(file: &File) -> io::Result<u64> {
    let mut end = file.metadata()?.len();
    let mut piece = Vec::new();
    while end > 0 {
        let begin = end.saturating_sub(PIECE);
        piece.resize(usize::try_from(end - begin).map_err(io::Error::other)?, 0);
        file.read_exact_at(&mut piece, begin)?;
        if let Some(last) = piece.iter().rposition(|b| *b != 0) {
            return Ok(begin + last as u64 + 1);
        }
        end = begin;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All lines of a file of these bytes, and what is left behind them.
    fn read(bytes: &[u8]) -> (Vec<Vec<u8>>, Vec<u8>) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let mut window = Window::open(file.path()).unwrap();
        let mut lines: Vec<Vec<u8>> = Vec::new();
        while let Some(line) = window.line().unwrap() {
            let line = line.to_vec();
            window.pass(line.len());
            lines.push(line);
        }
        let whole: usize = lines.iter().map(|line| line.len() + 1).sum();
        assert_eq!(window.offset(), whole as u64);
        (lines, window.rest().unwrap().to_vec())
    }

    #[test]
    fn every_line_is_read_wherever_the_pieces_end_and_what_has_no_end_is_left() {
        let piece = usize::try_from(PIECE).unwrap();
        for length in [1, 100, piece - 1, piece, piece + 1, 3 * piece] {
            let lines: Vec<Vec<u8>> = (b'a'..b'g').map(|letter| vec![letter; length]).collect();
            for torn in [&b""[..], b"torn", b"to\0rn"] {
                let mut bytes = [&lines.join(&b'\n')[..], b"\n", torn].concat();
                for room in [0, 1, 5000, 2 * piece] {
                    bytes.resize(bytes.len() + room, 0);
                    assert_eq!(read(&bytes), (lines.clone(), torn.to_vec()), "{length}, {room}");
                }
            }
        }
    }

    #[test]
    fn of_a_file_of_nothing_but_room_nothing_is_read() {
        assert_eq!(read(b""), (Vec::new(), Vec::new()));
        assert_eq!(read(&vec![0; 700_000]), (Vec::new(), Vec::new()));
    }
}
