//! Cedar decisions turned into verdicts. No I/O.
