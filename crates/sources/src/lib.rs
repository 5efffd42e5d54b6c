//! What stands behind the gate: MCP servers of both eras, over stdio and HTTP.
