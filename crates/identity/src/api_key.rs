use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{PrincipalId, Role, Secret, TenantId, Timestamp};
use zeroize::Zeroizing;

/// Bytes of the id of a key: base32 characters, 60 random bits.
pub(crate) const ID_LEN: usize = 12;
/// What a key begins with, so that scanners for leaked secrets can know it.
const PREFIX: &str = "pc_";
/// Bytes of the secret part: 256 random bits in base64url without padding.
const SECRET_LEN: usize = 43;
/// Crockford's base32, lower case: no letter that reads like another.
const BASE32: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Which bytes are among [`BASE32`].
const NAMING: [bool; 256] = {
    let (mut table, mut at) = ([false; 256], 0);
    while at < BASE32.len() {
        table[BASE32[at] as usize] = true;
        at += 1;
    }
    table
};
/// Which bytes may stand in the secret part.
const SECRET: [bool; 256] = {
    let (mut table, mut byte) = ([false; 256], 0);
    while byte < 128_u8 {
        table[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        byte += 1;
    }
    table
};

/// What is kept of an API key: everything but its value.
///
/// A key reads `pc_ID_SECRET`: `pc_`, twelve base32 characters that name the key, `_`, and 43 base64url characters of
/// 256 random bits, 59 in all. It is shown once, when it is made; what stays is the SHA-256 of the secret part. A slow
/// hash would add nothing: there is no guessing 256 random bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Names the key in records and commands.
    pub id: String,
    /// Whom it proves.
    pub principal: PrincipalId,
    /// Whom the principal belongs to.
    pub tenant: TenantId,
    /// What the principal is to the gate.
    pub role: Role,
    /// What the key is limited to; see [`model::Scopes`].
    pub scopes: Vec<String>,
    /// SHA-256 of the secret part.
    pub hash: [u8; 32],
    /// When it was made.
    pub created: Timestamp,
    /// From when on it is refused.
    pub expires: Option<Timestamp>,
    /// When it was revoked. A key with any value here is refused, whatever the clock says.
    pub revoked: Option<Timestamp>,
    /// After rotation: from when on it is refused.
    pub overlap_until: Option<Timestamp>,
}

/// Whom and what a new key is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Whom it proves.
    pub principal: PrincipalId,
    /// Whom the principal belongs to.
    pub tenant: TenantId,
    /// What the principal is to the gate.
    pub role: Role,
    /// What the key is limited to; empty means by policy alone.
    pub scopes: Vec<String>,
    /// From when on it is refused.
    pub expires: Option<Timestamp>,
}

/// A key that was just made.
pub struct NewKey {
    /// The key itself, to be shown once and kept nowhere.
    pub secret: Secret<String>,
    /// What is kept.
    pub row: ApiKey,
}

/// Makes a key. For rotation, make one for the same principal and give the old one an `overlap_until`.
pub fn new_key(grant: Grant, now: Timestamp) -> Result<NewKey, ambient::NoEntropy> {
    let mut random = Zeroizing::new([0_u8; 32 + ID_LEN]);
    ambient::random(random.as_mut_slice())?;
    let (bits, name) = random.split_at(32);
    let id: String = name.iter().map(|b| char::from(BASE32[usize::from(b & 31)])).collect();
    let secret = Zeroizing::new(URL_SAFE_NO_PAD.encode(bits));
    let key = format!("{PREFIX}{id}_{}", secret.as_str());
    let Grant { principal, tenant, role, scopes, expires } = grant;
    let row = ApiKey {
        id,
        principal,
        tenant,
        role,
        scopes,
        hash: hash(secret.as_bytes()),
        created: now,
        expires,
        revoked: None,
        overlap_until: None,
    };
    Ok(NewKey { secret: Secret::new(key), row })
}

/// Takes a presented key apart into its id and its secret part, if it has the form of one.
pub(crate) fn split(key: &str) -> Option<([u8; ID_LEN], &str)> {
    let (id, secret) = key.strip_prefix(PREFIX)?.split_at_checked(ID_LEN)?;
    let secret = secret.strip_prefix('_')?;
    if secret.len() != SECRET_LEN || !secret.bytes().all(|b| SECRET[usize::from(b)]) {
        return None;
    }
    Some((key_id(id)?, secret))
}

/// The id as the key ring looks it up, if it has the form of one.
pub(crate) fn key_id(id: &str) -> Option<[u8; ID_LEN]> {
    let id: [u8; ID_LEN] = id.as_bytes().try_into().ok()?;
    id.iter().all(|b| NAMING[usize::from(*b)]).then_some(id)
}

/// SHA-256, as it is kept of the secret part.
pub(crate) fn hash(secret: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, secret).as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_say_of_every_byte_what_the_alphabets_say() {
        for byte in 0..=u8::MAX {
            assert_eq!(NAMING[usize::from(byte)], BASE32.contains(&byte), "{byte}");
            let secret = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            assert_eq!(SECRET[usize::from(byte)], secret, "{byte}");
        }
    }
}
