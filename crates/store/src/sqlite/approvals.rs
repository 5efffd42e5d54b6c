use rusqlite::types::Value;

use super::SqliteStore;
use super::row::{Columns, text, time};
use super::sealed::{Realm, Set};
use crate::{ApprovalRow, Approvals, StoreError};

impl Approvals for SqliteStore {
    fn approvals(&self) -> Result<Vec<ApprovalRow>, StoreError> {
        self.read(|tx| read_all(&mut tx.set(Realm::Approvals, "")?))
    }

    fn change_approvals(
        &self,
        change: &mut dyn FnMut(&mut Vec<ApprovalRow>, model::Timestamp),
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let mut set = tx.set(Realm::Approvals, "")?;
            let before = read_all(&mut set)?;
            let mut after = before.clone();
            change(&mut after, tx.now);
            if after == before {
                return Ok(());
            }
            for gone in before.iter().filter(|row| !after.iter().any(|new| new.id == row.id)) {
                set.delete(0, vec![text(&gone.id)])?;
            }
            for row in after.iter().filter(|row| !before.contains(row)) {
                set.put(0, columns(row)?)?;
            }
            set.seal()
        })
    }
}

fn read_all(set: &mut Set<'_>) -> Result<Vec<ApprovalRow>, StoreError> {
    set.take(0).into_iter().map(read).collect()
}

fn read(row: Vec<Value>) -> Result<ApprovalRow, StoreError> {
    let mut row = Columns::new(row);
    let odd = |_| StoreError::Invalid("a digest has 32 bytes".to_owned());
    Ok(ApprovalRow {
        id: row.text()?,
        tenant: row.text()?,
        binding: row.blob()?.try_into().map_err(odd)?,
        asked: row.time()?,
        expires: row.time()?,
        question: row.text()?,
        progress: row.text()?,
    })
}

fn columns(row: &ApprovalRow) -> Result<Vec<Value>, StoreError> {
    Ok(vec![
        text(&row.id),
        text(&row.tenant),
        Value::Blob(row.binding.to_vec()),
        time(row.asked)?,
        time(row.expires)?,
        text(&row.question),
        text(&row.progress),
    ])
}
