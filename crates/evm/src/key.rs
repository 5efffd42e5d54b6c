use secp256k1::ecdsa::RecoverableSignature;
use secp256k1::{Message, SecretKey};
use zeroize::Zeroizing;

use crate::{Address, Bytes32, Refused, Signable, Signature};

/// A wallet's key. It can sign a [`Signable`] and nothing else, cannot be printed, cloned or read, and is wiped when it
/// is dropped.
///
/// ```compile_fail
/// let key = evm::SigningKey::new(&[1; 32]).unwrap();
/// println!("{key:?}");
/// ```
///
/// A digest is not a [`Signable`]:
///
/// ```compile_fail
/// let key = evm::SigningKey::new(&[1; 32]).unwrap();
/// key.sign(&evm::keccak256("anything"));
/// ```
///
/// Nor can an allowance be made without the firewall:
///
/// ```compile_fail
/// use evm::U256;
/// let permit = evm::eip712::Permit { value: U256::MAX, ..todo!() };
/// ```
pub struct SigningKey {
    secret: Zeroizing<[u8; 32]>,
    address: Address,
}

impl SigningKey {
    /// A key of its 32 bytes; `None` if they are 0 or beyond the order of the curve. The caller wipes its own copy.
    pub fn new(secret: &[u8; 32]) -> Option<Self> {
        let secret = Zeroizing::new(*secret);
        let mut key = SecretKey::from_secret_bytes(*secret).ok()?;
        let point = key.public_key().serialize_uncompressed();
        key.non_secure_erase();
        Some(Self { secret, address: Address::of_public_key(&point[1..]) })
    }

    /// The account it signs for.
    pub const fn address(&self) -> Address {
        self.address
    }

    /// Signs (RFC 6979, low s, v 27 or 28). Before the signature is handed out, its signer is recovered from it: if that
    /// is not this key's account, there is no signature but [`Refused::SelfCheck`].
    pub fn sign(&self, what: &Signable<'_>) -> Result<Signature, Refused> {
        what.check(self.address)?;
        let digest = what.digest();
        self.self_check(digest, self.raw(digest)?)
    }

    /// Hands a signature out only if it is ours.
    fn self_check(&self, digest: Bytes32, bytes: [u8; 65]) -> Result<Signature, Refused> {
        let signature = Signature::from_bytes(bytes).map_err(|_| Refused::SelfCheck)?;
        signature.verify(digest, self.address).map_err(|_| Refused::SelfCheck)?;
        Ok(signature)
    }

    fn raw(&self, digest: Bytes32) -> Result<[u8; 65], Refused> {
        let mut key = SecretKey::from_secret_bytes(*self.secret).map_err(|_| Refused::SelfCheck)?;
        let message = Message::from_digest(*digest.as_bytes());
        let signature = RecoverableSignature::sign_ecdsa_recoverable(message, &key);
        key.non_secure_erase();
        let (id, rs) = signature.serialize_compact();
        let mut bytes = [27 + id.to_u8(); 65];
        bytes[..64].copy_from_slice(&rs);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors::{account_0, usdc, v1};

    #[test]
    fn a_signature_of_ours_that_is_not_ours_is_not_handed_out() {
        // SIG-12: any bit of it flipped.
        let key = account_0();
        let (token, message) = (usdc(), v1());
        let digest = Signable::Transfer(&token, &message).digest();
        let right = key.raw(digest).unwrap();
        assert!(key.self_check(digest, right).is_ok());
        for bit in 0..65 * 8 {
            let mut bytes = right;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                key.self_check(digest, bytes).unwrap_err().code(),
                "self_check",
                "bit {bit}"
            );
        }
    }

    #[test]
    fn a_key_is_a_number_of_the_curve() {
        assert!(SigningKey::new(&[0; 32]).is_none());
        assert!(SigningKey::new(&[0xff; 32]).is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn whatever_is_signed_leads_back_to_the_key(secret: [u8; 32], nonce: [u8; 32], value in 1_u128..) {
            let Some(key) = SigningKey::new(&secret) else { return Ok(()) };
            let token = usdc();
            let mut message = v1();
            (message.from, message.value) = (key.address(), value.into());
            message.nonce = Bytes32::new(nonce);
            let what = Signable::Transfer(&token, &message);
            let signature = key.sign(&what).unwrap();
            prop_assert_eq!(signature.recover(what.digest()), Ok(key.address()));
            prop_assert_eq!(Signature::parse(&signature.to_string()), Ok(signature));
        }
    }
}
