use crate::{PaymentHash, TokenError};

/// The identifier of an L402 token, version 0: which payment buys it, and which token it is.
///
/// 66 bytes: version as u16 big-endian, payment hash, token id (L402 specification, "Macaroon Identifier").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct L402Id {
    /// The payment that buys the token.
    pub payment_hash: PaymentHash,
    /// Names the token, and at its minter the root key.
    pub token_id: [u8; 32],
}

impl L402Id {
    /// Reads an identifier.
    ///
    /// # Errors
    /// [`TokenError::Version`] for another version, [`TokenError::Malformed`] for another length.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TokenError> {
        let short = || TokenError::Malformed("its identifier is not that of an L402 token");
        let (version, rest) = bytes.split_first_chunk().ok_or_else(short)?;
        let version = u16::from_be_bytes(*version);
        if version != 0 {
            return Err(TokenError::Version(version));
        }
        let (hash, token_id) = rest.split_first_chunk().ok_or_else(short)?;
        let token_id = token_id.try_into().map_err(|_| short())?;
        Ok(Self { payment_hash: PaymentHash(*hash), token_id })
    }

    /// The 66 bytes.
    pub fn to_bytes(&self) -> [u8; 66] {
        let mut out = [0; 66];
        out[2..34].copy_from_slice(&self.payment_hash.0);
        out[34..].copy_from_slice(&self.token_id);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::H1;

    #[test]
    fn an_identifier_is_66_bytes_of_version_0() {
        let id = L402Id { payment_hash: H1, token_id: [0x42; 32] };
        let bytes = id.to_bytes();
        assert_eq!(L402Id::from_bytes(&bytes), Ok(id));
        let code = |bytes: &[u8]| L402Id::from_bytes(bytes).err().map(|e| e.code());
        for wrong in [&bytes[..65], &bytes[..2], &bytes[..0], &[bytes.as_slice(), &[0]].concat()] {
            assert_eq!(code(wrong), Some("bad_challenge"), "{} bytes", wrong.len());
        }
        let mut later = bytes;
        later[1] = 1;
        assert_eq!(code(&later), Some("version"));
    }
}
