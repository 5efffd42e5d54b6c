use crate::event::Event;
use crate::fault::Fault;
use crate::keys::PublicKey;
use crate::nwc::KIND_INFO;

/// What a wallet says it can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// Methods, as `pay_invoice`.
    pub methods: Vec<String>,
    /// Kinds of notices.
    pub notifications: Vec<String>,
}

impl Info {
    /// Reads the info event of `wallet`.
    ///
    /// # Errors
    /// `bad_event`: another kind or author. `encryption`: it does not offer NIP-44 version 2, or says nothing of
    /// encryption, which means NIP-04 (NIP-47).
    pub fn read(event: &Event, wallet: PublicKey) -> Result<Self, Fault> {
        if event.kind() != KIND_INFO || event.author() != wallet {
            return Err(Fault::new("bad_event", "not what this wallet says of itself"));
        }
        let words = |text: &str| -> Vec<String> {
            text.split_ascii_whitespace().map(str::to_owned).collect()
        };
        let offered = words(event.value("encryption").unwrap_or_default());
        if !offered.iter().any(|scheme| scheme == "nip44_v2") {
            return Err(Fault::new("encryption", "the wallet does not offer NIP-44"));
        }
        let notifications = words(event.value("notifications").unwrap_or_default());
        Ok(Self { methods: words(event.content()), notifications })
    }

    /// Whether it says it can do that.
    pub fn can(&self, method: &str) -> bool {
        self.methods.iter().any(|known| known == method)
    }
}
