use crate::abi::Words;
use crate::{Address, Bytes32, keccak256};

/// Where a signature counts (`EIP712Domain`). The fields that are there decide its type.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Domain {
    /// The name of the contract or protocol.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// The chain (EIP-155).
    pub chain_id: Option<u64>,
    /// The contract that checks the signature.
    pub verifying_contract: Option<Address>,
    /// What tells it apart where nothing else does.
    pub salt: Option<Bytes32>,
}

impl Domain {
    /// Its type, as `encodeType` writes it: the fields that are there, in the order of EIP-712.
    pub fn type_text(&self) -> String {
        let fields = [
            (self.name.is_some(), "string name"),
            (self.version.is_some(), "string version"),
            (self.chain_id.is_some(), "uint256 chainId"),
            (self.verifying_contract.is_some(), "address verifyingContract"),
            (self.salt.is_some(), "bytes32 salt"),
        ];
        let there: Vec<_> =
            fields.iter().filter(|(there, _)| *there).map(|(_, field)| *field).collect();
        format!("EIP712Domain({})", there.join(","))
    }

    /// Its hash: what a contract gives as `DOMAIN_SEPARATOR()`.
    pub fn separator(&self) -> Bytes32 {
        let mut words = Words::new().bytes32(keccak256(self.type_text()));
        for text in [&self.name, &self.version].into_iter().flatten() {
            words = words.bytes32(keccak256(text));
        }
        if let Some(chain_id) = self.chain_id {
            words = words.uint(chain_id);
        }
        if let Some(contract) = self.verifying_contract {
            words = words.address(contract);
        }
        if let Some(salt) = self.salt {
            words = words.bytes32(salt);
        }
        keccak256(words.into_bytes())
    }
}
