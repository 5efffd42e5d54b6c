//! What an operator says to a question: yes, no, paid, not paid.

use approvals::{Answer, NoAnswer};
use http::StatusCode;

use crate::console::{Console, Page, ROOT, failed};
use crate::form::Form;
use crate::reply;
use crate::session::Session;
use crate::till::NotBooked;

impl Console {
    pub(crate) async fn decide(
        &self,
        session: &Session,
        id: &str,
        form: &Form,
        what: Answer,
    ) -> Page {
        // A no changes nothing that a second thought could want back: only a yes is to be thought about.
        if what != Answer::No && form.get("confirm") != Some("yes") {
            let problem = Some("Say first that you have read it.");
            return self.one(session, id, StatusCode::BAD_REQUEST, problem).await;
        }
        match self.desk.answer(id, session.who.clone(), what).await {
            Ok(ticket) => reply::see_other(&format!("{ROOT}/{}", ticket.id)),
            Err(error) => self.not_counted(session, id, &error).await,
        }
    }

    async fn not_counted(&self, session: &Session, id: &str, error: &NoAnswer) -> Page {
        let status = match error.code() {
            "unknown" => StatusCode::NOT_FOUND,
            "not_permitted" => StatusCode::FORBIDDEN,
            "store_unavailable" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::CONFLICT,
        };
        let problem = format!("Not counted: {error} ({})", error.code());
        self.one(session, id, status, Some(&problem)).await
    }

    /// What a person says became of a payment that they make by hand.
    pub(crate) async fn tell(&self, session: &Session, id: &str, form: &Form, what: &str) -> Page {
        let hand = match self.desk.may_tell(id, &session.who).await {
            Ok(hand) => hand,
            Err(error) => return self.not_counted(session, id, &error).await,
        };
        let Some(till) = &self.till else { return failed("nobody keeps books here") };
        let by = session.who.label();
        let told = match (what, form.get("proof")) {
            ("paid", Some(proof)) => till.paid(&hand.payment, &by, proof).await,
            ("unpaid", _) if form.get("confirm") == Some("yes") => {
                till.unpaid(&hand.payment, &by).await
            }
            _ => {
                let problem = Some("Say first what became of it.");
                return self.one(session, id, StatusCode::BAD_REQUEST, problem).await;
            }
        };
        match told {
            Ok(()) => reply::see_other(&format!("{ROOT}/{id}")),
            Err(NotBooked { code, why }) => {
                let problem = format!("Not counted: {why} ({code})");
                self.one(session, id, StatusCode::CONFLICT, Some(&problem)).await
            }
        }
    }
}
