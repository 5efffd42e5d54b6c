//! Who is calling: API keys, the local user, sealed tokens.
