//! Nostr.
