//! JSON-RPC over raw bytes, and MCP of both eras as codecs and state machines. No I/O.
