use crate::{Address, Bytes32, U256};

/// Words of 32 bytes, one after another, as `abi.encode` puts values of fixed size (Solidity ABI).
#[derive(Debug, Clone, Default)]
pub(crate) struct Words(Vec<u8>);

impl Words {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn bytes32(mut self, bytes: Bytes32) -> Self {
        self.0.extend_from_slice(bytes.as_bytes());
        self
    }

    pub(crate) fn uint(self, number: impl Into<U256>) -> Self {
        self.bytes32(Bytes32::new(*number.into().as_be_bytes()))
    }

    pub(crate) fn address(self, address: Address) -> Self {
        self.bytes32(word_of(address))
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// An address as a word: 12 zero bytes before it.
pub(crate) fn word_of(address: Address) -> Bytes32 {
    let mut word = [0; 32];
    for (byte, from) in word.iter_mut().skip(12).zip(address.as_bytes()) {
        *byte = *from;
    }
    Bytes32::new(word)
}

/// A question to a contract that changes nothing: what `eth_call` carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The contract.
    pub to: Address,
    /// The selector of the function and its arguments.
    pub data: Vec<u8>,
}

impl Call {
    /// `authorizationState(address,bytes32)` of EIP-3009: a word, 1 if the nonce of `authorizer` is used or cancelled.
    pub fn authorization_state(token: Address, authorizer: Address, nonce: Bytes32) -> Self {
        let arguments = Words::new().address(authorizer).bytes32(nonce);
        Self::new(token, [0xe9, 0x4a, 0x01, 0x02], arguments)
    }

    /// `nonceBitmap(address,uint256)` of Permit2: the word of 256 nonces that `nonce` is one of; see [`nonce_bit`].
    pub fn nonce_bitmap(owner: Address, nonce: U256) -> Self {
        let arguments = Words::new().address(owner).uint(nonce.shifted_byte());
        Self::new(crate::known::PERMIT2, [0x4f, 0xe0, 0x2b, 0x44], arguments)
    }

    /// `balanceOf(address)` of ERC-20: atomic units.
    pub fn balance_of(token: Address, owner: Address) -> Self {
        Self::new(token, [0x70, 0xa0, 0x82, 0x31], Words::new().address(owner))
    }

    /// `decimals()` of ERC-20.
    pub fn decimals(token: Address) -> Self {
        Self::new(token, [0x31, 0x3c, 0xe5, 0x67], Words::new())
    }

    /// `DOMAIN_SEPARATOR()` of EIP-2612, EIP-3009 and Permit2: what [`crate::eip712::Domain::separator`] must equal.
    pub fn domain_separator(contract: Address) -> Self {
        Self::new(contract, [0x36, 0x44, 0xe5, 0x15], Words::new())
    }

    /// `allowance(address,address)` of ERC-20: what `spender` may still take from `owner`, in atomic units.
    pub fn allowance(token: Address, owner: Address, spender: Address) -> Self {
        let arguments = Words::new().address(owner).address(spender);
        Self::new(token, [0xdd, 0x62, 0xed, 0x3e], arguments)
    }

    /// `nonces(address)` of EIP-2612: the nonce of the next permit of `owner`.
    pub fn nonces(token: Address, owner: Address) -> Self {
        Self::new(token, [0x7e, 0xce, 0xbe, 0x00], Words::new().address(owner))
    }

    fn new(to: Address, selector: [u8; 4], arguments: Words) -> Self {
        let mut data = selector.to_vec();
        data.extend(arguments.into_bytes());
        Self { to, data }
    }
}

/// Whether `nonce` is spent in the word that [`Call::nonce_bitmap`] asked for: its lowest byte names the bit.
pub fn nonce_bit(bitmap: U256, nonce: U256) -> bool {
    let [.., bit] = *nonce.as_be_bytes();
    let byte = bitmap.as_be_bytes().iter().rev().nth(usize::from(bit / 8)).copied();
    byte.is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{hex, keccak256};

    const A: Address = Address::new([0xaa; 20]);
    const B: Address = Address::new([0xbb; 20]);

    #[test]
    fn selectors_are_those_of_the_functions() {
        let calls = [
            (
                Call::authorization_state(A, B, Bytes32::new([1; 32])),
                "authorizationState(address,bytes32)",
                2,
            ),
            (Call::nonce_bitmap(A, U256::ZERO), "nonceBitmap(address,uint256)", 2),
            (Call::balance_of(A, B), "balanceOf(address)", 1),
            (Call::decimals(A), "decimals()", 0),
            (Call::domain_separator(A), "DOMAIN_SEPARATOR()", 0),
            (Call::allowance(A, B, A), "allowance(address,address)", 2),
            (Call::nonces(A, B), "nonces(address)", 1),
        ];
        for (call, signature, words) in calls {
            assert_eq!(call.data[..4], keccak256(signature).as_bytes()[..4], "{signature}");
            assert_eq!(call.data.len(), 4 + 32 * words, "{signature}");
        }
    }

    #[test]
    fn arguments_are_words() {
        let call = Call::allowance(A, B, crate::known::PERMIT2);
        let expected = "0xdd62ed3e\
            000000000000000000000000bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\
            000000000000000000000000000000000022d473030f116ddee9f6b43ac78ba3";
        assert_eq!(hex::encode(&call.data), expected);
        assert_eq!(call.to, A);
    }

    proptest! {
        #[test]
        fn a_nonce_is_the_bit_of_its_low_byte_in_the_word_of_the_rest(nonce: u128) {
            let call = Call::nonce_bitmap(A, U256::from(nonce));
            let rest = U256::from(nonce >> 8);
            prop_assert_eq!(&call.data[36..], rest.as_be_bytes());
            let mut word = [0; 32];
            word[31 - usize::try_from(nonce % 256 / 8).unwrap()] = 1 << (nonce % 8);
            let word = U256::from_be_bytes(word);
            prop_assert!(nonce_bit(word, U256::from(nonce)));
            prop_assert!(!nonce_bit(word, U256::from(nonce ^ 1)));
            prop_assert!(!nonce_bit(U256::ZERO, U256::from(nonce)));
        }
    }
}
