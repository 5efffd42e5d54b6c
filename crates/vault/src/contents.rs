//! A vault that is open: what is read from it and what is changed in it, in memory.

use model::SecretName;
use zeroize::Zeroizing;

use crate::binding::Bindings;
use crate::body::{Body, Bytes, Entry, MAX_VALUE, MOST_SECRETS, Slot, WRAPPED};
use crate::crypto::{self, Key};
use crate::error::{KeyError, VaultError};
use crate::keys::KeySource;

/// The master key and what is derived from it.
pub(crate) struct Master {
    key: Key,
    data: Key,
    pub(crate) mac: Key,
}

impl Master {
    pub(crate) fn generate() -> Result<Self, KeyError> {
        Self::new(crypto::random_key()?)
    }

    fn new(key: Key) -> Result<Self, KeyError> {
        let data = crypto::derive(key.as_slice(), b"portcullis", "portcullis vault data keys")?;
        let mac = crypto::derive(key.as_slice(), b"portcullis", "portcullis vault integrity")?;
        Ok(Self { key, data, mac })
    }

    /// The master key of a vault, from the slot that fits the source.
    pub(crate) fn unwrap(body: &Body, source: &dyn KeySource) -> Result<Self, KeyError> {
        let kind = source.kind();
        let slot = body.slot(kind).ok_or_else(|| KeyError::NoSlot {
            wanted: kind.to_owned(),
            there: body.slots.iter().map(|s| s.kind.clone()).collect(),
        })?;
        Self::new(source.unwrap(&slot.wrapped.0, &body.slot_bound(kind))?)
    }

    /// Slots for these sources, in the order they stand in the file.
    pub(crate) fn wrap(
        &self,
        body: &Body,
        sources: &[&dyn KeySource],
    ) -> Result<Vec<Slot>, KeyError> {
        let slot = |source: &&dyn KeySource| {
            let kind = source.kind();
            let wrapped = source.wrap(&self.key, &body.slot_bound(kind))?;
            if wrapped.len() > WRAPPED {
                return Err(KeyError::Unavailable(format!("the {kind} wraps keys too large")));
            }
            Ok(Slot { kind: kind.to_owned(), wrapped: Bytes(wrapped) })
        };
        let mut slots: Vec<Slot> = sources.iter().map(slot).collect::<Result<_, _>>()?;
        slots.sort_by(|a, b| a.kind.cmp(&b.kind));
        Ok(slots)
    }
}

/// What is in an entry, opened.
pub(crate) type Plain = Zeroizing<String>;

/// A value of a secret.
///
/// # Errors
/// The entry does not open: it was put together from others.
pub(crate) fn value(body: &Body, entry: &Entry, master: &Master) -> Option<Plain> {
    let key = data_key(body, entry, master)?;
    let bound = entry.value_bound(&body.id);
    let plain = crypto::open(&key, &entry.value.0, bound.as_bytes())?;
    Some(Zeroizing::new(std::str::from_utf8(&plain).ok()?.to_owned()))
}

fn data_key(body: &Body, entry: &Entry, master: &Master) -> Option<Key> {
    let bound = entry.key_bound(&body.id);
    let key = crypto::open(&master.data, &entry.key.0, bound.as_bytes())?;
    Some(Zeroizing::new(key.as_slice().try_into().ok()?))
}

/// Puts a value in, under a key of its own. An entry of the same name gets the next version.
pub(crate) fn put(
    body: &mut Body,
    master: &Master,
    name: &SecretName,
    value: &str,
    bindings: &Bindings,
    now: u64,
) -> Result<(), VaultError> {
    if value.is_empty() || value.len() > MAX_VALUE {
        let why = format!("a secret has 1 to {MAX_VALUE} bytes");
        return Err(VaultError::Unlawful(why));
    }
    if value.contains('\0') {
        return Err(VaultError::Unlawful("a secret has no NUL in it".to_owned()));
    }
    let place = body.find(name);
    if place.is_err() && body.secrets.len() >= MOST_SECRETS {
        return Err(VaultError::Unlawful(format!("a vault has at most {MOST_SECRETS} secrets")));
    }
    let before = place.ok().and_then(|at| body.secrets.get(at));
    let mut entry = Entry {
        name: name.as_str().to_owned(),
        version: before.map_or(1, |e| e.version.saturating_add(1)),
        created: before.map_or(now, |e| e.created),
        changed: now,
        hosts: bindings.hosts(),
        programs: bindings.programs().to_vec(),
        webhooks: bindings.webhooks().to_vec(),
        wallet: bindings.is_wallet(),
        key: Bytes(Vec::new()),
        value: Bytes(Vec::new()),
    };
    let key = crypto::random_key()?;
    let bound = entry.value_bound(&body.id);
    entry.value = Bytes(crypto::seal(&key, value.as_bytes(), bound.as_bytes())?);
    let bound = entry.key_bound(&body.id);
    entry.key = Bytes(crypto::seal(&master.data, key.as_slice(), bound.as_bytes())?);
    match place {
        Ok(at) => body.secrets[at] = entry,
        Err(at) => body.secrets.insert(at, entry),
    }
    Ok(())
}

/// Wraps every data key anew. `None` where one does not open.
pub(crate) fn rewrap(body: &mut Body, old: &Master, new: &Master) -> Option<Result<(), KeyError>> {
    let keys: Option<Vec<Key>> = body.secrets.iter().map(|e| data_key(body, e, old)).collect();
    let id = body.id.clone();
    for (entry, key) in body.secrets.iter_mut().zip(keys?) {
        let bound = entry.key_bound(&id);
        match crypto::seal(&new.data, key.as_slice(), bound.as_bytes()) {
            Ok(sealed) => entry.key = Bytes(sealed),
            Err(e) => return Some(Err(e)),
        }
    }
    Some(Ok(()))
}
