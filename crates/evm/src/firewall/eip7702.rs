use crate::{Address, Bytes32, U256, keccak256};

/// What comes before an authorisation of EIP-7702 when it is hashed (`MAGIC`).
pub(crate) const MAGIC: u8 = 0x05;

/// The digest by which an account would become a contract's: `keccak(05 ‖ rlp([chain, address, nonce]))` of EIP-7702.
/// Known only to be recognised; nothing here can sign it. Chain 0 means every chain.
pub fn authorization_hash(chain_id: u64, address: Address, nonce: u64) -> Bytes32 {
    let mut list = number(chain_id);
    list.extend(string(address.as_bytes()));
    list.extend(number(nonce));
    let mut bytes = vec![MAGIC];
    bytes.push(header(0xc0, list.len()));
    bytes.extend(list);
    keccak256(bytes)
}

/// RLP of a number: its bytes without leading zeros.
fn number(number: u64) -> Vec<u8> {
    let number = U256::from(number);
    let bytes: Vec<u8> =
        number.as_be_bytes().iter().copied().skip_while(|byte| *byte == 0).collect();
    string(&bytes)
}

/// RLP of at most 55 bytes; one byte below 0x80 stands for itself.
fn string(bytes: &[u8]) -> Vec<u8> {
    match bytes {
        [byte] if *byte < 0x80 => vec![*byte],
        _ => [&[header(0x80, bytes.len())], bytes].concat(),
    }
}

/// The byte before at most 55 bytes; 9 + 21 + 9 is all that ever comes after it here.
fn header(kind: u8, length: usize) -> u8 {
    kind.saturating_add(u8::try_from(length).unwrap_or(u8::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::{STRANGER, address};

    #[test]
    fn the_hash_is_that_of_the_vector() {
        assert_eq!(
            authorization_hash(84532, address(STRANGER), 0).to_string(),
            "0xc92ba9dfdb7774c0b5772fb4480cac920b44fbf6180a773e136e7d042ecdd997"
        );
    }

    #[test]
    fn numbers_are_written_as_rlp_has_them() {
        assert_eq!(number(0), [0x80]);
        assert_eq!(number(0x7f), [0x7f]);
        assert_eq!(number(0x80), [0x81, 0x80]);
        assert_eq!(number(84532), [0x83, 0x01, 0x4a, 0x34]);
    }
}
