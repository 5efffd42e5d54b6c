//! Newline-delimited messages.
