use bytes::Bytes;
use gate::port::{Ask, Boxed, Link, Notice};
use protocol::rpc::RpcError;

/// The way to a client that takes nothing but its one answer: it hears of nothing before, and cannot be asked.
pub(crate) struct Silent;

impl Link for Silent {
    fn notify(&self, _: Notice) -> Boxed<'_, ()> {
        Box::pin(async {})
    }

    fn ask(&self, _: Ask) -> Boxed<'_, Result<Bytes, RpcError>> {
        Box::pin(async { Err(RpcError::new(-32603, "this client cannot be asked")) })
    }
}
