//! Child programs: clean environment, own process tree, bounded, never outliving the gate.
