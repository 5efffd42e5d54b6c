//! The doors agents come through: stdio, Streamable HTTP of both eras, HTTP+SSE.
