//! One guarded doorway between AI agents and everything they call.
fn main() {}
