use std::fmt;

/// What a rule about money makes of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Judged {
    /// It does not happen; nothing is signed and no budget changes.
    Deny,
    /// A person decides.
    Ask,
    /// Its outcome is not known: its money stays reserved until there is proof.
    Hold,
    /// The configuration or a file does not load.
    Load,
}

macro_rules! rules {
    ($($judged:ident { $($(#[$doc:meta])* $variant:ident = $text:literal;)* })*) => {
        /// The rule that decided about a payment. The text is stable: it appears in answers, records and documentation.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum MoneyRule { $($($(#[$doc])* $variant,)*)* }

        impl MoneyRule {
            /// Every rule there is.
            pub const ALL: &'static [Self] = &[$($(Self::$variant,)*)*];

            /// The stable text.
            pub const fn as_str(self) -> &'static str {
                match self { $($(Self::$variant => $text,)*)* }
            }

            /// What it makes of a payment.
            pub const fn judged(self) -> Judged {
                match self { $($(Self::$variant => Judged::$judged,)*)* }
            }

            /// The rule of a stable text.
            pub fn from_text(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|rule| rule.as_str() == text)
            }
        }
    };
}

rules! {
    Deny {
        /// More than one call may cost.
        PerCallCap = "per_call_cap";
        /// More than the window of a minute holds.
        MinuteCap = "minute_cap";
        /// More than the window of an hour holds.
        HourCap = "hour_cap";
        /// More than the window of a day holds.
        DayCap = "day_cap";
        /// More than the window of a week holds.
        WeekCap = "week_cap";
        /// More than the window of a month holds.
        MonthCap = "month_cap";
        /// More than may ever be spent.
        LifetimeCap = "lifetime_cap";
        /// More than this origin may get in its window.
        OriginCap = "origin_cap";
        /// Too many payments in the window.
        Velocity = "velocity";
        /// A sum that cannot be counted.
        Overflow = "overflow";
        /// The rate to the reference currency is missing or too old.
        RateStale = "rate_stale";
        /// An operator has stopped spending.
        Paused = "paused";
        /// The clock is behind the ledger.
        Clock = "clock";
        /// The fee would be more than the limit.
        FeeLimit = "fee_limit";
        /// The wallet has not got it.
        Insufficient = "insufficient";
        /// The wallet's own limit is reached.
        WalletQuota = "wallet_quota";
        /// The wallet asks for patience.
        WalletBusy = "wallet_busy";
        /// The wallet does not know us.
        WalletAuth = "wallet_auth";
        /// The wallet cannot be reached; nothing was sent.
        WalletUnavailable = "wallet_unavailable";
        /// Not in the table of trusted assets.
        UnknownAsset = "unknown_asset";
        /// Name or version contradict the table (EIP-712 domain).
        DomainMismatch = "domain_mismatch";
        /// Decimals contradict the table.
        DecimalsMismatch = "decimals_mismatch";
        /// A network that is not enabled, or not the chain's own.
        Network = "network";
        /// No name of a network (CAIP-2 in x402 v2, the short names in v1).
        BadNetwork = "bad_network";
        /// A scheme that is unknown or not enabled.
        Scheme = "scheme";
        /// A rail that is recognised and not enabled.
        Rail = "rail";
        /// A version that is not spoken.
        Version = "version";
        /// Several offers, and none may be taken.
        NoAcceptableOffer = "no_acceptable_offer";
        /// A form of offer that was not negotiated.
        NotNegotiated = "not_negotiated";
        /// No amount.
        BadAmount = "bad_amount";
        /// An amount of nothing.
        ZeroAmount = "zero_amount";
        /// A member of the wrong type.
        BadType = "bad_type";
        /// Not strict JSON, or a required member is missing.
        BadJson = "bad_json";
        /// A challenge that cannot be read.
        BadChallenge = "bad_challenge";
        /// Larger than a limit allows.
        TooLarge = "too_large";
        /// Two things said where one is allowed.
        Ambiguous = "ambiguous";
        /// Nobody who may be paid: zero, ourselves, the asset, a contract of the way.
        BadPayee = "bad_payee";
        /// No address.
        BadAddress = "bad_address";
        /// On the operator's deny list.
        PayeeDenied = "payee_denied";
        /// A second demand after paying.
        Second402 = "second_402";
        /// An origin that is not listed.
        Origin = "origin";
        /// Not over TLS.
        Tls = "tls";
        /// An offer or a paid call behind a redirect.
        Redirect = "redirect";
        /// The offer is for something else than what was asked for.
        ResourceMismatch = "resource_mismatch";
        /// The request is not the one that was reserved for.
        RequestChanged = "request_changed";
        /// An address that may not be dialled.
        Ssrf = "ssrf";
        /// There is no way to that name.
        NoRoute = "no_route";
        /// Control characters in what would become a header.
        HeaderInjection = "header_injection";
        /// Not the caller's to do.
        NotPermitted = "not_permitted";
        /// Valid for too long.
        Window = "window";
        /// No number of seconds.
        BadTimeout = "bad_timeout";
        /// The approval is for something else.
        ApprovalMismatch = "approval_mismatch";
        /// The approval was used.
        ApprovalUsed = "approval_used";
        /// The approval came, or was used, too late.
        ApprovalExpired = "approval_expired";
        /// The approval is somebody else's.
        ApprovalPrincipal = "approval_principal";
        /// A person said no.
        Denied = "denied";
        /// A signature that does not verify.
        BadSignature = "bad_signature";
        /// Nothing that this gate signs.
        SigningFirewall = "signing_firewall";
        /// A spender that is not pinned.
        Spender = "spender";
        /// A sign-in that is not for this site, or not now.
        Siwx = "siwx";
        /// A nonce that was used.
        NonceReuse = "nonce_reuse";
        /// Our own signature did not verify.
        SelfCheck = "self_check";
        /// The payee cannot prove who it is.
        Identity = "identity";
        /// Outside the scope of a session.
        Scope = "scope";
        /// Past its time.
        Expired = "expired";
        /// No invoice by BOLT 11.
        BadInvoice = "bad_invoice";
        /// An invoice without an amount.
        InvoiceAmount = "invoice_amount";
        /// An invoice past its time.
        InvoiceExpired = "invoice_expired";
        /// An invoice from the future.
        InvoiceTime = "invoice_time";
        /// An invoice of another network.
        InvoiceNetwork = "invoice_network";
        /// Declared and real amount differ.
        AmountMismatch = "amount_mismatch";
        /// Hashes differ between challenge, token and invoice.
        HashMismatch = "hash_mismatch";
        /// A credential that cannot be read.
        BadCredential = "bad_credential";
        /// That hash has been paid.
        AlreadyPaid = "already_paid";
        /// That proof has been used.
        AlreadyUsed = "already_used";
        /// A currency that is not enabled.
        Currency = "currency";
        /// A challenge past its time.
        ChallengeExpired = "challenge_expired";
        /// A mint that is not listed.
        Mint = "mint";
        /// A unit that is not enabled.
        Unit = "unit";
        /// A lock that cannot be met.
        Lock = "lock";
        /// The ledger cannot be written or trusted.
        Ledger = "ledger";
    }
    Ask {
        /// Never paid for this tool at this origin.
        FirstPayee = "first_payee";
        /// Somebody else is to be paid than before.
        PayeeChanged = "payee_changed";
        /// The payee's identity is not the pinned one.
        IdentityChanged = "identity_changed";
        /// The tool never cost anything before.
        FirstCharge = "first_charge";
        /// Not the price that was advertised.
        PriceMismatch = "price_mismatch";
        /// Dearer than agreed.
        PriceDrift = "price_drift";
        /// Above the amount from which on a person is asked.
        OverThreshold = "over_threshold";
        /// A policy asks.
        PolicyAsks = "policy_asks";
        /// A person pays, with a wallet of their own.
        ByHand = "by_hand";
    }
    Hold {
        /// Sent, and no answer.
        SentUnknown = "sent_unknown";
        /// The same is under way.
        InFlight = "in_flight";
        /// The wallet says paid and proves nothing.
        NoProof = "no_proof";
        /// The proof does not prove it.
        BadProof = "bad_proof";
        /// An answer that makes no sense.
        BadResponse = "bad_response";
    }
    Load {
        /// A setting that does not load.
        BadPolicy = "policy";
        /// A store that does not load.
        Store = "store";
        /// A file that others may read.
        Permissions = "permissions";
        /// A wallet on another network than configured.
        WalletNetwork = "wallet_network";
    }
}

impl fmt::Display for MoneyRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

macro_rules! flags {
    ($($(#[$doc:meta])* $variant:ident = $text:literal;)*) => {
        /// A mark on the record of a payment, beside its state.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Flag { $($(#[$doc])* $variant,)* }

        impl Flag {
            /// Every flag there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable text.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The flag of a stable text.
            pub fn from_text(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|flag| flag.as_str() == text)
            }
        }
    };
}

flags! {
    /// The seller says settled; nobody else does yet.
    ReceiptUnverified = "receipt_unverified";
    /// The receipt contradicts what is known.
    ReceiptMismatch = "receipt_mismatch";
    /// The receipt says it failed.
    ReceiptFailed = "receipt_failed";
    /// The named transaction moved nothing of ours to the payee.
    NoTransferLog = "no_transfer_log";
    /// Paid, and nothing came.
    NoDelivery = "no_delivery";
    /// Paid, and nothing was in what came.
    EmptyDelivery = "empty_delivery";
    /// A receipt for what was not paid.
    UnsolicitedReceipt = "unsolicited_receipt";
    /// The wallet took a larger fee than allowed.
    FeeOverLimit = "fee_over_limit";
    /// The mint broke its protocol.
    MintFault = "mint_fault";
    /// An answer that makes no sense.
    BadResponse = "bad_response";
    /// A member of the wrong type.
    BadType = "bad_type";
    /// 80 % of a budget is reached.
    SoftLimit = "soft_limit";
    /// An operator confirmed it by hand.
    OperatorConfirmed = "operator_confirmed";
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_names_one_rule_and_reads_back() {
        for rule in MoneyRule::ALL {
            assert_eq!(MoneyRule::from_text(rule.as_str()), Some(*rule), "{rule}");
        }
        for flag in Flag::ALL {
            assert_eq!(Flag::from_text(flag.as_str()), Some(*flag), "{flag}");
        }
    }
}
