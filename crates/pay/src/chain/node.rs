use std::time::Duration;

use bytes::Bytes;
use egress::{Client, Deadline};
use evm::rpc::{self, At, Block, RpcError};
use evm::{Bytes32, Call};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use protocol::json::{Limits, value};
use serde_json::Value;
use thiserror::Error;

/// The longest answer of a node, in bytes: a receipt with all the events of a large transaction.
const MAX_ANSWER: usize = 4 << 20;

/// Every question stands alone on its exchange, so that one number serves them all.
const ID: u64 = 1;

/// Why a node said nothing. It holds no URL: keys of providers stand in those.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Silence {
    /// It was not reached, or its answer did not come whole and in time; a redirect is no answer.
    #[error("the node cannot be reached: {0}")]
    Unreached(&'static str),
    /// It answered with an error of HTTP.
    #[error("the node answers with status {0}")]
    Status(u16),
    /// What came is not JSON.
    #[error("the node does not answer in JSON")]
    NotJson,
    /// What came is no answer to the question.
    #[error("{0}")]
    Rpc(#[from] RpcError),
}

/// One node, asked within one span of time.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a> {
    client: &'a Client,
    deadline: Deadline,
}

impl<'a> Node<'a> {
    /// All questions together are answered within `wait`, or are not.
    pub(crate) fn new(client: &'a Client, wait: Duration) -> Self {
        Self { client, deadline: Deadline::after(wait) }
    }

    /// Its name, for the operator: the host, and nothing of the path.
    pub(crate) fn name(&self) -> &str {
        self.client.origin()
    }

    /// Puts one question and gives the result.
    pub(crate) async fn ask(&self, question: &Value) -> Result<Value, Silence> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let body = Bytes::from(question.to_string());
        let unreached = |error: egress::EgressError| Silence::Unreached(error.code());
        let reply = self.client.send(Method::POST, None, headers, body, self.deadline).await;
        let reply = reply.map_err(unreached)?;
        if reply.status != StatusCode::OK {
            return Err(Silence::Status(reply.status.as_u16()));
        }
        let text = reply.body.collect(MAX_ANSWER).await.map_err(unreached)?;
        // Strictly: what stands there twice would be read in two ways.
        let answer = value(&text, Limits::REPLY).map_err(|_| Silence::NotJson)?;
        Ok(rpc::result(&answer, ID)?.clone())
    }

    /// `eth_chainId`.
    pub(crate) async fn chain_id(&self) -> Result<u64, Silence> {
        Ok(rpc::read_chain_id(&self.ask(&rpc::chain_id(ID)).await?)?)
    }

    /// A block; `None` if there is none such.
    pub(crate) async fn block(&self, at: At) -> Result<Option<Block>, Silence> {
        Ok(rpc::read_block(&self.ask(&rpc::block(ID, at)).await?)?)
    }

    /// What became of a transaction; `None` if the node does not know it, or it is in no block yet.
    pub(crate) async fn receipt(
        &self,
        transaction: Bytes32,
    ) -> Result<Option<rpc::Receipt>, Silence> {
        let result = self.ask(&rpc::receipt(ID, transaction)).await?;
        Ok(rpc::read_receipt(&result, transaction)?)
    }

    /// What a contract answers as of a block.
    pub(crate) async fn call(&self, call: &Call, at: At) -> Result<Value, Silence> {
        self.ask(&rpc::call(ID, call, at)).await
    }

    /// Events.
    pub(crate) async fn logs(&self, filter: &rpc::LogFilter) -> Result<Vec<rpc::Log>, Silence> {
        Ok(rpc::read_logs(&self.ask(&rpc::logs(ID, filter)).await?)?)
    }
}
