//! `payment_preview`: what a request would cost, and whether it would be paid. Nothing is reserved, asked or signed.

use egress::EgressError;
use http::StatusCode;
use pay::{Carrier as _, Preview, Request, Sending, heard};
use serde_json::{Value, json};

use crate::definition::Tool;
use crate::fetch::{Sender, unanswered};
use crate::purse::{Call, Ended};
use crate::reply::Found;
use crate::shown;
use crate::wanted::Wanted;

impl Call<'_> {
    /// Asks the seller without paying, and the rules what they would say.
    pub(crate) async fn preview(&self) -> Result<Found, Ended> {
        let wanted = Wanted::of(&self.arguments)?;
        let client = self.purse.places.client(self.payer, &wanted.origin)?;
        // Judged as the call that would pay: the same tool, and so the same pins and budgets.
        let errand = self.errand(Tool::Fetch, Request::http(&wanted.request), None)?;
        let bought = self.payer.credit(&errand).await.is_some();
        if !wanted.is_safe() {
            let reason = format!(
                "a {} may act before it asks for money, so it was not sent: what it costs is known only when paid_fetch makes it",
                wanted.request.method
            );
            let preview = Preview { verdict: "unknown", rules: Vec::new(), reason, terms: None };
            return self.told(preview, None, bought).await;
        }
        let sender = Sender { client, deadline: self.deadline };
        // Without what was bought before: a look must not use anything up.
        let sent = sender.send(wanted.request, None, Sending::Usual).await;
        let whole = sent.map_err(|e: EgressError| Ended::from(unanswered(&e, None)))?;
        let mut preview = self.payer.preview(&errand, &heard(&whole)).await;
        if preview.verdict == "pass" && whole.status == StatusCode::PAYMENT_REQUIRED {
            preview.verdict = "unknown";
            "it asks for money in no way that can be read".clone_into(&mut preview.reason);
        }
        self.told(preview, Some(whole.status), bought).await
    }

    async fn told(
        &self,
        preview: Preview,
        status: Option<StatusCode>,
        bought: bool,
    ) -> Result<Found, Ended> {
        let Preview { verdict, rules, reason, terms } = preview;
        let terms = terms.map(|terms| shown::terms(self.payer, &terms));
        let value: Value = json!({
            "verdict": verdict,
            "rules": rules.iter().map(|rule| rule.as_str()).collect::<Vec<_>>(),
            "reason": shown::cut(&reason),
            "terms": terms,
            "status": status.map(|status| status.as_u16()),
            "boughtBefore": bought,
            "budgets": self.lines().await?,
        });
        Ok(value.into())
    }
}
