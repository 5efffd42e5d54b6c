use std::fmt;
use std::str::FromStr;

use rusqlite::{Connection, OptionalExtension as _};

use crate::mac::Fields;
use crate::{IntegrityKey, StoreError};

/// A place in the chain of events: after the event of that number. Whoever keeps one elsewhere can tell that the file
/// was replaced by an older copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    seq: u64,
    mac: Vec<u8>,
}

impl Mark {
    /// Before the first event.
    pub const START: Self = Self { seq: 0, mac: Vec::new() };

    /// The number of the last event before it.
    pub const fn seq(&self) -> u64 {
        self.seq
    }
}

impl fmt::Display for Mark {
    /// As `NUMBER:CODE`, the code in hex: what another log keeps of it. No secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.seq)?;
        self.mac.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Mark {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let read = || {
            let (seq, code) = text.split_once(':')?;
            let (pairs, []) = code.as_bytes().as_chunks::<2>() else { return None };
            let digit = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok());
            let mac: Option<Vec<u8>> =
                pairs.iter().map(|&[a, b]| Some(digit(a)? << 4 | digit(b)?)).collect();
            Some(Self { seq: seq.parse().ok()?, mac: mac? })
        };
        let wrong = || StoreError::Invalid("no place in the ledger is named like that".to_owned());
        let one_spelling = |mark: &Self| mark.to_string() == text;
        read().filter(one_spelling).ok_or_else(wrong)
    }
}

/// An event as it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its number, from 1, without gaps.
    pub seq: u64,
    /// What was appended.
    pub payload: Vec<u8>,
}

/// The events after `mark` in their order, each checked, and the mark after the last of them.
pub(super) fn since(
    sql: &Connection,
    key: &IntegrityKey,
    mark: &Mark,
) -> Result<(Vec<Stored>, Mark), StoreError> {
    let head = head(sql, key)?;
    if head == *mark {
        return Ok((Vec::new(), head));
    }
    let mut found = Vec::new();
    let mut last = mark.clone();
    let mut rows =
        sql.prepare_cached("SELECT seq, payload, mac FROM events WHERE seq > ?1 ORDER BY seq")?;
    // From the start, rows that stand before the first event are looked at too: there must be none.
    let from = if mark.seq == 0 { i64::MIN } else { number(mark.seq)? };
    let mut rows = rows.query([from])?;
    while let Some(row) = rows.next()? {
        let wanted = last.seq + 1;
        let (seq, payload, mac): (i64, Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let fits = fields(&last, wanted, &payload)?.fit(key, &mac);
        if number(wanted)? != seq || wanted > head.seq || !fits {
            return Err(broken(wanted));
        }
        last = Mark { seq: wanted, mac };
        found.push(Stored { seq: wanted, payload });
    }
    if last != head {
        // Cut off at the end, or a mark of another past than this file has.
        return Err(broken(last.seq.min(head.seq) + 1));
    }
    Ok((found, last))
}

/// Whether that place is in the past of this file: its event is there, with the code that it had.
pub(super) fn has(sql: &Connection, mark: &Mark) -> Result<bool, StoreError> {
    if mark.seq == 0 {
        return Ok(*mark == Mark::START);
    }
    let mut get = sql.prepare_cached("SELECT mac FROM events WHERE seq = ?1")?;
    let found = get.query_row([number(mark.seq)?], |row| row.get::<_, Vec<u8>>(0)).optional()?;
    Ok(found.is_some_and(|mac| mac == mark.mac))
}

pub(super) fn append(
    sql: &Connection,
    key: &IntegrityKey,
    mark: &Mark,
    payload: &[u8],
) -> Result<Mark, StoreError> {
    let seq = mark.seq + 1;
    let mac = fields(mark, seq, payload)?.mac(key);
    let mut insert =
        sql.prepare_cached("INSERT INTO events (seq, payload, mac) VALUES (?1, ?2, ?3)")?;
    insert.execute((number(seq)?, payload, &mac))?;
    Ok(Mark { seq, mac })
}

pub(super) fn seal_head(
    sql: &Connection,
    key: &IntegrityKey,
    mark: &Mark,
) -> Result<(), StoreError> {
    let seal = head_fields(mark)?.mac(key);
    let mut put = sql.prepare_cached("INSERT OR REPLACE INTO head VALUES (1, ?1, ?2, ?3)")?;
    put.execute((number(mark.seq)?, &mark.mac, seal))?;
    Ok(())
}

fn head(sql: &Connection, key: &IntegrityKey) -> Result<Mark, StoreError> {
    let broken = || StoreError::Integrity { what: "the head of the ledger".to_owned() };
    let mut get = sql.prepare_cached("SELECT seq, mac, seal FROM head WHERE id = 1")?;
    let row = get.query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?)));
    let (seq, mac, seal): (i64, Vec<u8>, Vec<u8>) = row.optional()?.ok_or_else(broken)?;
    let mark = Mark { seq: u64::try_from(seq).map_err(|_| broken())?, mac };
    if head_fields(&mark)?.fit(key, &seal) { Ok(mark) } else { Err(broken()) }
}

fn fields(before: &Mark, seq: u64, payload: &[u8]) -> Result<Fields, StoreError> {
    Ok(Fields::of("ledger event").bytes(&before.mac).number(number(seq)?).bytes(payload))
}

fn head_fields(mark: &Mark) -> Result<Fields, StoreError> {
    Ok(Fields::of("ledger head").number(number(mark.seq)?).bytes(&mark.mac))
}

fn number(seq: u64) -> Result<i64, StoreError> {
    i64::try_from(seq).map_err(|_| StoreError::Engine("the ledger has too many events".to_owned()))
}

fn broken(seq: u64) -> StoreError {
    StoreError::Integrity { what: format!("event {seq} of the ledger") }
}
