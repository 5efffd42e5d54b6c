//! `close_session`: ends a session, so that the seller pays back what is left of its deposit.

use pay::{Closed, Request};
use serde_json::json;

use crate::arguments::No;
use crate::definition::Tool;
use crate::fetch::{Sender, unanswered};
use crate::purse::{Call, Ended};
use crate::reply::Found;
use crate::wanted::Wanted;

impl Call<'_> {
    /// Ends the caller's session where a request leads. What the seller says of the rest is told as its word.
    pub(crate) async fn close(&self) -> Result<Found, Ended> {
        let wanted = Wanted::of(&self.arguments)?;
        let client = self.purse.places.client(self.payer, &wanted.origin)?;
        let errand = self.errand(Tool::Close, Request::http(&wanted.request), None)?;
        let sender = Sender { client, deadline: self.deadline };
        let closed = self.payer.close(&errand, wanted.request, &sender).await;
        let closed = closed.map_err(|error| Ended::from(unanswered(&error, None)))?;
        let none = || No::new("no_session", "you have no session there, or it had ended");
        let Closed { sat, status } = closed.ok_or_else(none)?;
        let rest = sat.map(|sat| format!("{sat} sat"));
        let says = json!({ "rest": rest, "paidBack": status });
        Ok(json!({ "closed": true, "sellerSays": says }).into())
    }
}
