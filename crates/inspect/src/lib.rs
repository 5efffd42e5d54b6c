//! What a tool says of itself and what it is given: text findings, schemas, digests. No I/O.
