use model::{PrincipalId, Role, TenantId, Timestamp};
use rusqlite::types::Value;

use super::SqliteStore;
use super::row::{Columns, maybe_time, text, time};
use super::sealed::{Realm, Set};
use crate::{ApiKeyRow, Keys, StoreError};

impl Keys for SqliteStore {
    fn keys(&self) -> Result<Vec<ApiKeyRow>, StoreError> {
        self.read(|tx| {
            let mut keys = read_all(&mut tx.set(Realm::Keys, "")?)?;
            keys.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
            Ok(keys)
        })
    }

    fn insert_key(&self, key: &ApiKeyRow) -> Result<(), StoreError> {
        self.write(|tx| {
            let mut set = tx.set(Realm::Keys, "")?;
            insert(&read_all(&mut set)?, &set, key)?;
            set.seal()
        })
    }

    fn revoke_key(&self, id: &str) -> Result<(), StoreError> {
        self.write(|tx| {
            let mut set = tx.set(Realm::Keys, "")?;
            let mut key = find(&read_all(&mut set)?, id)?;
            if key.revoked.is_some() {
                return Ok(());
            }
            key.revoked = Some(tx.now);
            set.put(0, columns(&key)?)?;
            set.seal()
        })
    }

    fn rotate_key(
        &self,
        old: &str,
        new: &ApiKeyRow,
        overlap_until: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let mut set = tx.set(Realm::Keys, "")?;
            let keys = read_all(&mut set)?;
            let mut key = find(&keys, old)?;
            if key.revoked.is_some() || key.replaced_by.is_some() {
                return Err(invalid(format!("the API key {old} was revoked or replaced before")));
            }
            if (&key.principal, &key.tenant) != (&new.principal, &new.tenant) {
                return Err(invalid(format!(
                    "the API key {old} is of another principal or tenant"
                )));
            }
            insert(&keys, &set, new)?;
            key.replaced_by = Some(new.id.clone());
            key.overlap_until = Some(overlap_until);
            set.put(0, columns(&key)?)?;
            set.seal()
        })
    }
}

fn insert(keys: &[ApiKeyRow], set: &Set<'_>, key: &ApiKeyRow) -> Result<(), StoreError> {
    if keys.iter().any(|known| known.id == key.id) {
        return Err(StoreError::Exists(format!("an API key {}", key.id)));
    }
    let scope = |scope: &String| scope.is_empty() || scope.contains(char::is_whitespace);
    if key.scopes.iter().any(scope) {
        return Err(invalid("a scope is not empty and holds no white space".to_owned()));
    }
    if key.id.is_empty() || key.principal.as_str().is_empty() || key.tenant.as_str().is_empty() {
        return Err(invalid("a key has an id, a principal and a tenant".to_owned()));
    }
    set.put(0, columns(key)?)
}

fn find(keys: &[ApiKeyRow], id: &str) -> Result<ApiKeyRow, StoreError> {
    let found = keys.iter().find(|key| key.id == id).cloned();
    found.ok_or_else(|| StoreError::NotFound(format!("API key {id}")))
}

fn read_all(set: &mut Set<'_>) -> Result<Vec<ApiKeyRow>, StoreError> {
    set.take(0).into_iter().map(read).collect()
}

fn read(row: Vec<Value>) -> Result<ApiKeyRow, StoreError> {
    let mut row = Columns::new(row);
    Ok(ApiKeyRow {
        id: row.text()?,
        principal: PrincipalId::new(row.text()?),
        tenant: TenantId::new(row.text()?),
        role: row.word(role)?,
        scopes: row.text()?.split_whitespace().map(str::to_owned).collect(),
        hash: row.blob()?.try_into().map_err(|_| invalid("a hash has 32 bytes".to_owned()))?,
        created: row.time()?,
        expires: row.maybe_time()?,
        revoked: row.maybe_time()?,
        replaced_by: row.maybe_text()?,
        overlap_until: row.maybe_time()?,
        note: row.text()?,
    })
}

fn columns(key: &ApiKeyRow) -> Result<Vec<Value>, StoreError> {
    Ok(vec![
        text(&key.id),
        text(key.principal.as_str()),
        text(key.tenant.as_str()),
        text(key.role.as_str()),
        text(key.scopes.join(" ")),
        Value::Blob(key.hash.to_vec()),
        time(key.created)?,
        maybe_time(key.expires)?,
        maybe_time(key.revoked)?,
        key.replaced_by.clone().map_or(Value::Null, Value::Text),
        maybe_time(key.overlap_until)?,
        text(&key.note),
    ])
}

fn role(word: &str) -> Option<Role> {
    [Role::Agent, Role::Operator].into_iter().find(|role| role.as_str() == word)
}

const fn invalid(why: String) -> StoreError {
    StoreError::Invalid(why)
}
