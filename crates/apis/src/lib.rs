//! HTTP APIs as a source: requests from recipes, credentials, shaping, caching, discovery.
