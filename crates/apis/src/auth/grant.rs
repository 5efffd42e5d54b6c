use std::collections::BTreeMap;
use std::sync::Arc;

use ambient::Clock;
use convert::{Location, Scheme, SchemeKind};
use egress::Egress;
use http::HeaderName;
use model::Template;
use thiserror::Error;

use super::key::{Basic, Bearer, Fields, Key};
use super::oauth::{OAuth2, Tokens};
use super::sigv4::{SigV4, Signer};
use super::{Masked, kind_of};

/// The credentials an operator has given an API.
pub enum Auth {
    /// None.
    None,
    /// This one for every operation, whatever the description says.
    Every(Grant),
    /// By the names of the description's security schemes.
    Schemes(BTreeMap<String, Grant>),
}

/// One credential. Every text may refer to the vault.
pub enum Grant {
    /// A key; its place and name as the description says where they are not set.
    ApiKey {
        /// Where it goes.
        location: Option<Location>,
        /// The name of the header field, query parameter or cookie.
        name: Option<String>,
        /// The key.
        value: Template,
    },
    /// RFC 6750.
    Bearer(Template),
    /// RFC 7617. An empty password is lawful.
    Basic(Template, Template),
    /// RFC 6749, section 4.4: client credentials.
    OAuth2(Box<OAuth2>),
    /// AWS Signature Version 4.
    SigV4(SigV4),
    /// Header fields.
    Headers(Vec<(String, Template)>),
}

/// A credential that cannot be used as it is configured.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct SetupError(pub String);

/// Credentials ready for use.
pub(crate) enum Grants {
    None,
    Every(Arc<Ready>),
    Schemes(BTreeMap<String, Arc<Ready>>),
}

/// One credential ready for use: made once, so that tokens are shared by all tools.
pub(crate) enum Ready {
    Key { location: Option<Location>, name: Option<String>, value: Arc<Template> },
    Whole(Arc<dyn Masked>),
    Tokens(Arc<Tokens>),
}

impl Grants {
    pub(crate) fn new(auth: Auth, egress: &Egress, clock: &Clock) -> Result<Self, SetupError> {
        Ok(match auth {
            Auth::None => Self::None,
            Auth::Every(grant) => Self::Every(Arc::new(Ready::new(grant, egress, clock)?)),
            Auth::Schemes(named) => {
                let each = named
                    .into_iter()
                    .map(|(name, grant)| Ok((name, Arc::new(Ready::new(grant, egress, clock)?))));
                Self::Schemes(each.collect::<Result<_, SetupError>>()?)
            }
        })
    }
}

impl Ready {
    fn new(grant: Grant, egress: &Egress, clock: &Clock) -> Result<Self, SetupError> {
        let whole: Arc<dyn Masked> = match grant {
            Grant::ApiKey { location, name, value } => {
                return Ok(Self::Key { location, name, value: Arc::new(value) });
            }
            Grant::Bearer(token) => Arc::new(Bearer(token)),
            Grant::Basic(user, password) => Arc::new(Basic(user, password)),
            Grant::OAuth2(settings) => {
                return Ok(Self::Tokens(Arc::new(Tokens::new(*settings, egress, clock)?)));
            }
            Grant::SigV4(settings) => Arc::new(Signer::new(settings, clock.clone())),
            Grant::Headers(fields) => {
                let named = fields.into_iter().map(|(name, value)| {
                    let lawful = HeaderName::try_from(name.as_str());
                    let name = lawful.map_err(|_| SetupError(format!("`{name}` is no header")))?;
                    Ok((name, value))
                });
                Arc::new(Fields::new(named.collect::<Result<_, SetupError>>()?))
            }
        };
        Ok(Self::Whole(whole))
    }

    /// The tokens behind it, if it is of that kind.
    pub(super) fn tokens(&self) -> Option<Arc<Tokens>> {
        match self {
            Self::Tokens(tokens) => Some(tokens.clone()),
            Self::Key { .. } | Self::Whole(_) => None,
        }
    }

    /// The credential for a scheme of the description.
    pub(super) fn credential(
        &self,
        scheme: Option<&Scheme>,
    ) -> Result<Arc<dyn Masked>, SetupError> {
        let (location, name, value) = match self {
            Self::Whole(credential) => return Ok(credential.clone()),
            Self::Tokens(tokens) => return Ok(tokens.clone()),
            Self::Key { location, name, value } => (location, name, value),
        };
        let described = match scheme.map(|s| &s.kind) {
            Some(SchemeKind::ApiKey(location, name)) => Some((*location, name.clone())),
            _ => None,
        };
        let place = match (location, name) {
            (Some(location), Some(name)) => (*location, name.clone()),
            _ => described.ok_or_else(|| {
                let what = scheme.map_or("nothing", |s| kind_of(&s.kind));
                SetupError(format!(
                    "where the key goes is not said: the description declares {what}, so set `in` and `name`"
                ))
            })?,
        };
        Ok(Arc::new(Key::new(place.0, &place.1, value.clone())?))
    }
}
