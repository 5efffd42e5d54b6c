//! Records of calls, their Merkle tree, signed checkpoints and exports. No I/O.
