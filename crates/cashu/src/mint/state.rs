use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::point::Point;

/// The state of a proof (NUT-07).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ProofState {
    /// Nobody has spent it.
    Unspent,
    /// It is being spent.
    Pending,
    /// It is spent.
    Spent,
}

/// The body of `POST /v1/checkstate` (NUT-07).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckStateRequest {
    /// The points of the proofs asked for ([`Proof::y`](crate::Proof::y)).
    #[serde(rename = "Ys")]
    pub ys: Vec<Point>,
}

/// What it answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckStateResponse {
    /// One for each point, in the order they were asked in.
    pub states: Vec<StateOf>,
}

/// The state of one proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateOf {
    /// Its point.
    #[serde(rename = "Y")]
    pub y: Point,
    /// Its state.
    pub state: ProofState,
    /// What opened its lock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<String>,
}

impl CheckStateResponse {
    /// The states of the points asked for, in that order.
    ///
    /// # Errors
    /// `bad_response`: the mint speaks of other points, of fewer, or in another order.
    pub fn states_of(&self, asked: &CheckStateRequest) -> Result<Vec<ProofState>, Fault> {
        let same = self.states.len() == asked.ys.len()
            && self.states.iter().zip(&asked.ys).all(|(state, y)| state.y == *y);
        if !same {
            return Err(Fault::new(
                "bad_response",
                "the mint speaks of other proofs than asked for",
            ));
        }
        Ok(self.states.iter().map(|state| state.state).collect())
    }
}
