use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::keyset::{KeysetId, Shown};
use crate::point::Point;

/// `GET /v1/keysets` (NUT-02).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysetsResponse {
    /// All keysets, also those that sign no more.
    pub keysets: Vec<Keyset>,
}

/// A keyset without its keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keyset {
    /// Its id.
    pub id: KeysetId,
    /// Its unit.
    pub unit: String,
    /// Whether it signs new ecash.
    pub active: bool,
    /// The fee for an input, in thousandths of the unit; absent is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_fee_ppk: Option<u64>,
    /// When it ends, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_expiry: Option<u64>,
}

/// `GET /v1/keys` (NUT-01).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysResponse {
    /// Keysets with their keys.
    pub keysets: Vec<Keys>,
}

/// The keys of a keyset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// Its id.
    pub id: KeysetId,
    /// Its unit.
    pub unit: String,
    /// Whether it signs new ecash, where the mint says so here too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// The fee for an input, in thousandths of the unit, where the mint says so here too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_fee_ppk: Option<u64>,
    /// When it ends, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_expiry: Option<u64>,
    /// The key for each amount.
    pub keys: BTreeMap<u64, Point>,
}

impl Keys {
    /// Whether the id is derived from the keys and from what the list of keysets says of them. Keys whose id is another
    /// are not to be used.
    pub fn fit(&self, listed: &Keyset) -> bool {
        let shown = Shown {
            keys: &self.keys,
            unit: &listed.unit,
            input_fee_ppk: listed.input_fee_ppk.unwrap_or(0),
            final_expiry: listed.final_expiry,
        };
        self.id == listed.id && self.unit == listed.unit && self.id.fits(&shown)
    }
}
