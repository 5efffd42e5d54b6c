//! A GraphQL schema into operations that can be run. Pure.
