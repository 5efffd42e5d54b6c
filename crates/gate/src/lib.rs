//! The one way a call takes, and the catalogue it is looked up in.
