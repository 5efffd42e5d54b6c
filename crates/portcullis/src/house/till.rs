//! What persons pay by hand, from the page to the books.

use console::{Boxed, NotBooked, Till};
use pay::Payer;
use pay::hand::NotProven;

/// The books, as the page sees them.
pub struct Books(pub Payer);

impl Till for Books {
    fn paid<'a>(
        &'a self,
        payment: &'a str,
        by: &'a str,
        proof: &'a str,
    ) -> Boxed<'a, Result<(), NotBooked>> {
        Box::pin(async move { self.0.told_paid(payment, by, proof).await.map_err(not_booked) })
    }

    fn unpaid<'a>(&'a self, payment: &'a str, by: &'a str) -> Boxed<'a, Result<(), NotBooked>> {
        Box::pin(async move { self.0.told_unpaid(payment, by).await.map_err(not_booked) })
    }
}

fn not_booked(no: NotProven) -> NotBooked {
    NotBooked { code: no.code.to_owned(), why: no.why }
}
