use std::collections::BTreeSet;

use model::Effect;
use rusqlite::types::Value;

use super::row::{Columns, text, time};
use super::sealed::Realm;
use super::{SqliteStore, pins};
use crate::{AcceptedEffect, Effects, PinKey, StoreError};

impl Effects for SqliteStore {
    fn effects(&self, source: &str) -> Result<Vec<AcceptedEffect>, StoreError> {
        self.read(|tx| tx.set(Realm::Effects, source)?.take(0).into_iter().map(read).collect())
    }

    fn accept_effects(&self, effects: &[(PinKey, Effect)], by: &str) -> Result<(), StoreError> {
        let sources: BTreeSet<&str> = effects.iter().map(|(key, _)| key.source.as_str()).collect();
        self.write(|tx| {
            for source in &sources {
                let set = tx.set(Realm::Effects, source)?;
                for (key, effect) in effects.iter().filter(|(key, _)| key.source == *source) {
                    let mut row = pins::key_columns(key);
                    row.extend([text(effect.as_str()), text(by), time(tx.now)?]);
                    set.put(0, row)?;
                }
                set.seal()?;
            }
            Ok(())
        })
    }

    fn withdraw_effect(&self, key: &PinKey) -> Result<(), StoreError> {
        self.write(|tx| {
            let mut set = tx.set(Realm::Effects, &key.source)?;
            let rows: Result<Vec<_>, _> = set.take(0).into_iter().map(read).collect();
            if !rows?.iter().any(|accepted| accepted.key == *key) {
                return Err(StoreError::NotFound(format!("accepted effect for {key}")));
            }
            set.delete(0, pins::key_columns(key))?;
            set.seal()
        })
    }
}

fn read(row: Vec<Value>) -> Result<AcceptedEffect, StoreError> {
    let mut row = Columns::new(row);
    Ok(AcceptedEffect {
        key: pins::read_key(&mut row)?,
        effect: row.word(|word| word.parse().ok())?,
        by: row.text()?,
        at: row.time()?,
    })
}
