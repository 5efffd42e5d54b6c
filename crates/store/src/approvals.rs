use model::Timestamp;

use crate::StoreError;

/// A question to a person, as it lies at rest. What it says is for the desk of approvals to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalRow {
    /// Names it.
    pub id: String,
    /// Whom the asking principal belongs to.
    pub tenant: String,
    /// SHA-256 of what a yes is bound to.
    pub binding: [u8; 32],
    /// When it was asked.
    pub asked: Timestamp,
    /// From when on no answer counts.
    pub expires: Timestamp,
    /// What was asked: a JSON text, never changed.
    pub question: String,
    /// What has become of it: a JSON text.
    pub progress: String,
}

/// Questions to persons and their answers.
pub trait Approvals {
    /// Every row, by id.
    fn approvals(&self) -> Result<Vec<ApprovalRow>, StoreError>;

    /// Lets `change` edit the rows, alone among all programs that share the database, and makes what it did durable:
    /// all of it, or nothing. Where it changes nothing, nothing is written. The moment is this store's.
    fn change_approvals(
        &self,
        change: &mut dyn FnMut(&mut Vec<ApprovalRow>, Timestamp),
    ) -> Result<(), StoreError>;
}
