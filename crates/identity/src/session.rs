use model::{Code, Principal, PrincipalId, Refusal, TenantId, Timestamp};
use thiserror::Error;

use crate::ids::MAX_ID;
use crate::seal::{OVERHEAD, Purpose, SealError, Sealer};

/// Longest session id that is minted or looked at, in bytes. What we mint stays far below: see `LONGEST`.
pub const MAX_SESSION_TOKEN: usize = 512;
/// First byte of what is sealed; another layout gets another.
const LAYOUT: u8 = 1;
/// Bytes before the two names: layout, uid, boot, source set, version, epoch, issued, expires.
const FIXED: usize = 1 + 16 + 8 + 8 + 1 + 8 + 8 + 8;
/// Characters of the longest token we can mint: 290.
const LONGEST: usize = ((FIXED + 2 * (1 + MAX_ID) + OVERHEAD) * 4).div_ceil(3);
const _: () = assert!(LONGEST == 290 && LONGEST <= MAX_SESSION_TOKEN);

/// What a legacy session id holds, sealed. Visible ASCII, as MCP asks (2025-11-25, basic/transports, session
/// management), and at most 290 bytes.
///
/// It says which session is meant and to whom that belongs. It is never a means of authentication: a principal has to
/// be proven first, and verification compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionToken {
    /// Random name of the session.
    pub uid: u128,
    /// The run of the gate that holds the session.
    pub boot: u64,
    /// Whose it is.
    pub principal: PrincipalId,
    /// Whom that principal belongs to.
    pub tenant: TenantId,
    /// Digest of the sources it reaches.
    pub source_set: u64,
    /// The protocol version that was agreed, as a code of the protocol room.
    pub version: u8,
    /// Policy epoch when it was minted. A newer one does not end the session.
    pub epoch: u64,
    /// When it was minted.
    pub issued: Timestamp,
    /// From when on it is refused.
    pub expires: Timestamp,
}

impl SessionToken {
    /// Seals the token into a session id.
    ///
    /// # Errors
    /// No randomness, or an id of more than [`MAX_ID`] bytes.
    pub fn mint(&self, sealer: &Sealer) -> Result<String, SealError> {
        let plain = self.encode().ok_or(SealError)?;
        sealer.seal(Purpose::Session, &plain, b"")
    }

    /// Opens a session id that `caller`, already proven, sent at `now` to the sources of digest `source_set`.
    ///
    /// # Errors
    /// It names no session of this caller here. Callers are told nothing else; the record may say why.
    pub fn verify(
        sealer: &Sealer,
        token: &str,
        now: Timestamp,
        caller: &Principal,
        source_set: u64,
    ) -> Result<Self, NoSession> {
        let forged = NoSession(SessionFault::NotOurs);
        if token.len() > MAX_SESSION_TOKEN {
            return Err(forged);
        }
        let mut room = [0; MAX_SESSION_TOKEN];
        let plain = sealer.open_in(Purpose::Session, token, b"", &mut room).ok_or(forged)?;
        let raw = Raw::decode(plain).ok_or(forged)?;
        if raw.principal != caller.id.as_str() || raw.tenant != caller.tenant.as_str() {
            return Err(NoSession(SessionFault::OtherPrincipal));
        }
        if raw.source_set != source_set {
            return Err(NoSession(SessionFault::OtherSources));
        }
        if now >= raw.expires {
            return Err(NoSession(SessionFault::Expired));
        }
        Ok(raw.of(caller))
    }

    fn encode(&self) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(FIXED + 2 * (1 + MAX_ID));
        out.push(LAYOUT);
        out.extend_from_slice(&self.uid.to_be_bytes());
        out.extend_from_slice(&self.boot.to_be_bytes());
        out.extend_from_slice(&self.source_set.to_be_bytes());
        out.push(self.version);
        for number in [self.epoch, self.issued.as_millis(), self.expires.as_millis()] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        for name in [self.principal.as_str(), self.tenant.as_str()] {
            let len = u8::try_from(name.len()).ok().filter(|len| usize::from(*len) <= MAX_ID)?;
            out.push(len);
            out.extend_from_slice(name.as_bytes());
        }
        Some(out)
    }
}

/// A decoded token whose names still lie in the caller's buffer.
struct Raw<'a> {
    uid: u128,
    boot: u64,
    source_set: u64,
    version: u8,
    epoch: u64,
    issued: Timestamp,
    expires: Timestamp,
    principal: &'a str,
    tenant: &'a str,
}

impl<'a> Raw<'a> {
    fn decode(plain: &'a [u8]) -> Option<Self> {
        let mut input = Input(plain);
        if input.array()? != [LAYOUT] {
            return None;
        }
        let raw = Self {
            uid: u128::from_be_bytes(input.array()?),
            boot: input.number()?,
            source_set: input.number()?,
            version: input.array::<1>()?[0],
            epoch: input.number()?,
            issued: Timestamp(input.number()?),
            expires: Timestamp(input.number()?),
            principal: input.name()?,
            tenant: input.name()?,
        };
        input.0.is_empty().then_some(raw)
    }

    /// The token, its names shared with the principal they were found equal to.
    fn of(self, caller: &Principal) -> SessionToken {
        SessionToken {
            uid: self.uid,
            boot: self.boot,
            principal: caller.id.clone(),
            tenant: caller.tenant.clone(),
            source_set: self.source_set,
            version: self.version,
            epoch: self.epoch,
            issued: self.issued,
            expires: self.expires,
        }
    }
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn number(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    fn name(&mut self) -> Option<&'a str> {
        let [len] = self.array()?;
        let (name, rest) = self.0.split_at_checked(usize::from(len))?;
        self.0 = rest;
        std::str::from_utf8(name).ok().filter(|name| name.len() <= MAX_ID)
    }
}

/// Why a session id names no session of the caller. For the record; see [`NoSession::refusal`] for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionFault {
    /// Forged, damaged, of another installation, or sealed under a key that is no longer good.
    NotOurs,
    /// Minted for another principal.
    OtherPrincipal,
    /// Minted for other sources.
    OtherSources,
    /// Its time is over.
    Expired,
    /// Sealed here and in time, but the session has ended. For the room that holds sessions to say.
    Ended,
}

impl SessionFault {
    /// The name used in records: `session_mismatch` where the token is real and another's.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotOurs => "session_unknown",
            Self::OtherPrincipal | Self::OtherSources => "session_mismatch",
            Self::Expired => "session_expired",
            Self::Ended => "session_ended",
        }
    }
}

/// There is no such session for this caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{}", .0.as_str())]
pub struct NoSession(SessionFault);

impl NoSession {
    /// For the room that holds sessions: one that verified, and is gone.
    pub const fn ended() -> Self {
        Self(SessionFault::Ended)
    }

    /// Why, for the record.
    pub const fn fault(self) -> SessionFault {
        self.0
    }

    /// What the caller is told: the same whatever the reason. The reason is in `detail`, which stays inside.
    pub fn refusal(self) -> Refusal {
        Refusal::new(Code::SessionNotFound, "no such session: initialize again")
            .detail(self.0.as_str())
    }
}

#[cfg(test)]
pub(crate) fn decodes(plain: &[u8]) -> bool {
    Raw::decode(plain).is_some()
}
