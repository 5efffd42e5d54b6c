//! Sets of rows under seal, and the root seal over all sets.

use rusqlite::types::Value;
use rusqlite::{OptionalExtension as _, params_from_iter};

pub(super) use super::Tx;
use super::tables::{API_KEYS, APPROVALS, EFFECTS, PENDING, PINS, Table};
use crate::StoreError;
use crate::mac::Fields;

/// What kind of set: each has its tables, and one seal for each owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Realm {
    Keys,
    Pins,
    Effects,
    Approvals,
}

impl Realm {
    const ALL: [Self; 4] = [Self::Keys, Self::Pins, Self::Effects, Self::Approvals];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Pins => "pins",
            Self::Effects => "effects",
            Self::Approvals => "approvals",
        }
    }

    const fn tables(self) -> &'static [Table] {
        match self {
            Self::Keys => &[API_KEYS],
            Self::Pins => &[PINS, PENDING],
            Self::Effects => &[EFFECTS],
            Self::Approvals => &[APPROVALS],
        }
    }

    fn set_name(self, owner: &str) -> String {
        match self {
            Self::Keys => "the set of API keys".to_owned(),
            Self::Approvals => "the set of approvals".to_owned(),
            _ => format!("the set of {} of source {}", self.as_str(), owner.escape_debug()),
        }
    }
}

/// One set whose rows and seal were found to fit. There is no other way to change a row than through one, so no change
/// can be put under seal together with somebody else's.
pub(super) struct Set<'t> {
    tx: &'t Tx<'t>,
    realm: Realm,
    owner: String,
    /// Whether there is a seal: somebody has written to this set before, if only to say that it is empty.
    known: bool,
    /// Rows by table, in the order of [`Realm::tables`].
    rows: Vec<Vec<Vec<Value>>>,
}

impl Set<'_> {
    pub(super) const fn known(&self) -> bool {
        self.known
    }

    /// The rows that were found of the table `index`, in the order of their key.
    pub(super) fn take(&mut self, index: usize) -> Vec<Vec<Value>> {
        std::mem::take(&mut self.rows[index])
    }

    /// Puts a row in, in place of the one of the same key.
    pub(super) fn put(&self, index: usize, mut row: Vec<Value>) -> Result<(), StoreError> {
        let table = &self.realm.tables()[index];
        row.push(Value::Blob(fields(table, &row).mac(self.tx.key)));
        self.tx.sql.prepare_cached(&table.upsert())?.execute(params_from_iter(row))?;
        Ok(())
    }

    /// Takes the row of a primary key out.
    pub(super) fn delete(&self, index: usize, key: Vec<Value>) -> Result<(), StoreError> {
        let sql = self.realm.tables()[index].delete();
        self.tx.sql.prepare_cached(&sql)?.execute(params_from_iter(key))?;
        Ok(())
    }

    /// Seals the set as it is now.
    pub(super) fn seal(self) -> Result<(), StoreError> {
        let mut macs = Vec::new();
        for table in self.realm.tables() {
            let mut statement = self.tx.sql.prepare_cached(&table.select_macs())?;
            for mac in statement.query_map([&self.owner], |row| row.get::<_, Vec<u8>>(0))? {
                macs.push(mac?);
            }
        }
        let seal = seal_fields(self.realm, &self.owner, &macs).mac(self.tx.key);
        self.tx.sql.execute(
            "INSERT INTO seals (realm, owner, rows, mac) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (realm, owner) DO UPDATE SET rows = excluded.rows, mac = excluded.mac",
            (self.realm.as_str(), &self.owner, count(&macs), seal),
        )?;
        self.tx.resealed.set(true);
        Ok(())
    }
}

impl<'t> Tx<'t> {
    /// Loads one set and checks every row and the seal over them.
    pub(super) fn set(&'t self, realm: Realm, owner: &str) -> Result<Set<'t>, StoreError> {
        let (mut macs, mut rows) = (Vec::new(), Vec::new());
        for table in realm.tables() {
            rows.push(self.load(table, owner, &mut macs)?);
        }
        let sql = "SELECT rows, mac FROM seals WHERE realm = ?1 AND owner = ?2";
        let found: Option<(i64, Vec<u8>)> = self
            .sql
            .query_row(sql, (realm.as_str(), owner), |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let fits = match &found {
            Some((rows, seal)) => {
                *rows == count(&macs) && seal_fields(realm, owner, &macs).fit(self.key, seal)
            }
            None => macs.is_empty(),
        };
        if !fits {
            return Err(StoreError::Integrity { what: realm.set_name(owner) });
        }
        Ok(Set { tx: self, realm, owner: owner.to_owned(), known: found.is_some(), rows })
    }

    /// Owners of every set of a realm.
    pub(super) fn owners(&self, realm: Realm) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT owner FROM seals WHERE realm = ?1 ORDER BY owner";
        let mut statement = self.sql.prepare_cached(sql)?;
        let owners = statement.query_map([realm.as_str()], |row| row.get(0))?;
        Ok(owners.collect::<Result<_, _>>()?)
    }

    /// Drops a set, checked or not.
    pub(super) fn drop_set(&self, realm: Realm, owner: &str) -> Result<(), StoreError> {
        for table in realm.tables() {
            self.sql.execute(&table.delete_all(), [owner])?;
        }
        let sql = "DELETE FROM seals WHERE realm = ?1 AND owner = ?2";
        self.sql.execute(sql, (realm.as_str(), owner))?;
        self.resealed.set(true);
        Ok(())
    }

    /// Checks the seal over all sets: without it, a set deleted together with its seal would be one never met.
    pub(super) fn check_root(&self) -> Result<(), StoreError> {
        let sql = "SELECT mac FROM root WHERE id = 1";
        let found: Option<Vec<u8>> = self.sql.query_row(sql, [], |row| row.get(0)).optional()?;
        match found {
            Some(mac) if self.root_fields()?.fit(self.key, &mac) => Ok(()),
            _ => Err(StoreError::Integrity { what: "the list of sets (the root seal)".to_owned() }),
        }
    }

    /// Seals all sets as they are now.
    pub(super) fn seal_root(&self) -> Result<(), StoreError> {
        let mac = self.root_fields()?.mac(self.key);
        let sql =
            "INSERT INTO root (id, mac) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET mac = ?1";
        self.sql.execute(sql, [mac])?;
        Ok(())
    }

    fn root_fields(&self) -> Result<Fields, StoreError> {
        let sql = "SELECT realm, owner, rows, mac FROM seals ORDER BY realm, owner";
        let mut statement = self.sql.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut fields = Fields::of("root");
        while let Some(row) = rows.next()? {
            let (realm, owner): (String, String) = (row.get(0)?, row.get(1)?);
            fields = fields.text(&realm).text(&owner).number(row.get(2)?);
            fields = fields.bytes(&row.get::<_, Vec<u8>>(3)?);
        }
        Ok(fields)
    }

    fn load(
        &self,
        table: &Table,
        owner: &str,
        macs: &mut Vec<Vec<u8>>,
    ) -> Result<Vec<Vec<Value>>, StoreError> {
        let mut statement = self.sql.prepare_cached(&table.select())?;
        let mut found = statement.query([owner])?;
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            let columns = 0..table.columns.len();
            // What cannot even be read (text that is no UTF-8) was not written by this program either.
            let odd = |_| StoreError::Integrity { what: format!("a row of `{}`", table.name) };
            let values = columns.map(|i| row.get(i)).collect::<Result<Vec<Value>, _>>();
            let values = values.map_err(odd)?;
            let mac: Vec<u8> = row.get(table.columns.len()).map_err(odd)?;
            if !fields(table, &values).fit(self.key, &mac) {
                return Err(StoreError::Integrity { what: table.row_name(&values) });
            }
            macs.push(mac);
            rows.push(values);
        }
        Ok(rows)
    }
}

/// Drops every set, checked or not.
pub(super) fn drop_everything(tx: &Tx<'_>) -> Result<(), StoreError> {
    for table in Realm::ALL.iter().flat_map(|realm| realm.tables()) {
        tx.sql.execute(&format!("DELETE FROM {}", table.name), [])?;
    }
    tx.sql.execute("DELETE FROM seals", [])?;
    tx.resealed.set(true);
    Ok(())
}

/// The columns of a row, as its code is made over them.
fn fields(table: &Table, row: &[Value]) -> Fields {
    row.iter().fold(Fields::of(table.name), |fields, value| match value {
        Value::Null => fields.nothing(),
        Value::Integer(number) => fields.number(*number),
        Value::Real(number) => fields.bytes(&number.to_be_bytes()),
        Value::Text(text) => fields.text(text),
        Value::Blob(bytes) => fields.bytes(bytes),
    })
}

fn seal_fields(realm: Realm, owner: &str, macs: &[Vec<u8>]) -> Fields {
    let fields = Fields::of("set").text(realm.as_str()).text(owner);
    macs.iter().fold(fields, |fields, mac| fields.bytes(mac))
}

fn count(macs: &[Vec<u8>]) -> i64 {
    i64::try_from(macs.len()).unwrap_or(i64::MAX)
}
