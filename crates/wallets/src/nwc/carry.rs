use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use nostr::nwc::{Answer, Heard};
use nostr::relay::reached_nobody;

use super::line::{End, Errand};
use crate::read::said;
use crate::{Trouble, codes};

/// Why there is no answer.
pub(super) enum Silent {
    /// It is certain that the request got to nobody.
    Unsent(Trouble),
    /// The same, because the wallet does not offer this.
    Lacks(&'static str),
    /// It may have got to the wallet.
    Sent(String),
    /// The wallet answered, and it means nothing.
    Meaningless,
}

/// Goes by all relays at once, until one of them brings something.
pub(super) async fn carried(errand: Errand<'_>) -> Result<Answer, Silent> {
    let ways = errand.connection.relays().iter().map(|url| async move {
        let host = url.host_str().unwrap_or_default();
        (host.to_owned(), errand.by(url).await)
    });
    let mut ways: FuturesUnordered<_> = ways.collect();
    let (mut taken, mut whys, mut lacks) = (Vec::new(), Vec::new(), None);
    while let Some((host, end)) = ways.next().await {
        match end {
            End::Heard(Heard::Answer(answer)) => return Ok(answer),
            End::Heard(_) => return Err(Silent::Meaningless),
            End::Lacks(method) => lacks = Some(method),
            End::Over(made, why) => {
                taken.push(made);
                whys.push(format!("{host}: {why}"));
            }
        }
    }
    let why = said(errand.connection.scrub(&whys.join("; ")).as_bytes());
    Err(match lacks {
        _ if !reached_nobody(&taken) => Silent::Sent(why),
        Some(method) => Silent::Lacks(method),
        None => Silent::Unsent(Trouble::new(codes::WALLET_UNAVAILABLE, why)),
    })
}

impl From<Silent> for Trouble {
    fn from(silent: Silent) -> Self {
        match silent {
            Silent::Unsent(trouble) => trouble,
            Silent::Lacks(method) => {
                let why = format!("the wallet does not offer `{method}`");
                Self::new(codes::WALLET_UNAVAILABLE, why)
            }
            Silent::Sent(why) => Self::new(codes::WALLET_UNAVAILABLE, why),
            Silent::Meaningless => meaningless(),
        }
    }
}

pub(super) fn meaningless() -> Trouble {
    Trouble::new(codes::BAD_RESPONSE, "the wallet answered, and it means nothing")
}
