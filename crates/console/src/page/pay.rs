use approvals::{Approval, Hand};
use model::Timestamp;

use super::words::left;
use super::{hidden, moment};
use crate::console::ROOT;
use crate::escape::shown;
use crate::qr;
use crate::session::Session;

/// Where a person pays, and says what came of it.
pub(super) fn pay(a: &Approval, hand: &Hand, now: Timestamp, session: &Session) -> String {
    let (id, token) = (shown(&a.ticket.id), hidden(session));
    let lightning = hand.uri.starts_with("lightning:");
    let over = hand.ends.is_some_and(|ends| now >= Timestamp(ends));
    let shop = if over {
        "<p class=\"bad\" role=\"alert\">The offer has ended: do not pay it any more.</p>"
            .to_owned()
    } else {
        shop(hand, now)
    };
    let (label, hint) = if lightning {
        (
            "Preimage of the payment",
            "64 hexadecimal digits; your wallet shows it beside the payment",
        )
    } else {
        (
            "Hash of the transaction",
            "0x and 64 hexadecimal digits; your wallet shows it once it is sent",
        )
    };
    format!(
        "<section id=\"answer\"><h2>Pay it with a wallet of yours</h2>{shop}<form method=\"post\" action=\"{ROOT}/{id}/paid\">{token}<label for=\"proof\">{label} <small>{hint}</small></label><input id=\"proof\" type=\"text\" name=\"proof\" autocomplete=\"off\" spellcheck=\"false\" maxlength=\"80\" required><button class=\"yes\">It is paid</button></form><form method=\"post\" action=\"{ROOT}/{id}/unpaid\">{token}<label class=\"read\"><input type=\"checkbox\" name=\"confirm\" value=\"yes\" required> Nobody has paid it, and nobody will.</label><button class=\"no\">It is not paid</button></form></section>"
    )
}

/// The code, the link and the text of it.
fn shop(hand: &Hand, now: Timestamp) -> String {
    let uri = shown(&hand.uri);
    let code = qr::svg(&hand.uri).unwrap_or_default();
    let ends = hand.ends.map(Timestamp).map_or_else(String::new, |ends| {
        let left = left(ends, now).unwrap_or_default();
        format!("<p>Pay it before {}: {left}.</p>", moment(ends, now))
    });
    format!(
        "<div class=\"pay\">{code}<div>{ends}<p><a class=\"open\" href=\"{uri}\">Open in a wallet</a></p><p class=\"uri\"><code>{uri}</code></p></div></div>"
    )
}
