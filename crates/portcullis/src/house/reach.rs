//! By which way a source on the network is reached: its proxy, whom it is believed by, and who the gate is to it.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use egress::{Identity, Policy, Proxy, Route, Target};
use model::{Secret, Template};
use url::Url;

use crate::config::{self, Loaded, Source, SourceProxy, SourceTls};

/// The largest file of certificates or of a key, in bytes.
const LARGEST: u64 = 1 << 20;

/// The way to one source, checked.
#[derive(Default)]
pub struct Way {
    /// Its proxy, and who the gate is to it.
    pub route: Route,
    /// Authorities of its own, as PEM.
    pub roots: Option<Vec<u8>>,
    /// Whether those are the only ones.
    pub roots_only: bool,
}

/// What is wrong with a way, and under which keys of the source that stands.
pub struct Wrong {
    /// The keys, one in the other.
    pub at: &'static [&'static str],
    /// What is wrong.
    pub what: String,
}

impl Way {
    /// The way that a source names; straight, and as nobody, when it names none.
    pub fn of(source: &Source, loaded: &Loaded) -> Result<Self, Wrong> {
        let mut way = Self::default();
        if let Some(own) = &source.proxy {
            let proxy = proxy(own).map_err(|what| Wrong { at: &["proxy"], what })?;
            way.route.proxy = Some(Arc::new(proxy));
        }
        if let Some(tls) = &source.tls {
            way.roots = tls.ca.as_ref().map(|path| authorities(path, loaded)).transpose()?;
            way.roots_only = !tls.machine_roots;
            way.route.client_identity = identity(tls, loaded)?.map(Arc::new);
        }
        Ok(way)
    }

    /// A target that is reached by this way.
    pub fn target(&self, base: Url, source: &Source) -> Target {
        let mut target = Target::new(base);
        target.policy = named(source);
        target.extra_roots.clone_from(&self.roots);
        target.extra_roots_only = self.roots_only;
        target.http2 = source.http2.unwrap_or(true);
        target
    }

    /// The same way to another address of the source's own settings: as nobody, unless it is of the same origin.
    pub fn route_to(&self, url: &Url, own: &Url) -> Route {
        if url.origin() == own.origin() { self.route.clone() } else { self.route.anonymous() }
    }
}

/// Where the requests of a source may go: the private places it names, and for a pack nowhere but where its manifest
/// says, with the methods of its manifest.
pub fn named(source: &Source) -> Policy {
    let places = source.private.iter().filter_map(|place| config::host_port(place));
    let named = places.fold(Policy::default(), |policy, (host, port)| policy.allow(&host, port));
    match &source.pack {
        Some(origin) => origin.limit(named),
        None => named,
    }
}

fn proxy(own: &SourceProxy) -> Result<Proxy, String> {
    let proxy = Proxy::parse(own.url()).map_err(|refusal| refusal.to_string())?;
    match own {
        SourceProxy::Url(_) => Ok(proxy),
        SourceProxy::Login(login) => {
            Ok(proxy.with_login(login.user.template()?, login.password.template()?))
        }
    }
}

fn authorities(path: &Path, loaded: &Loaded) -> Result<Vec<u8>, Wrong> {
    let at = &["tls", "ca"];
    let path = loaded.resolve(path);
    let pem = read(&path).map_err(|what| Wrong { at, what })?;
    egress::validity(&pem)
        .map_err(|what| Wrong { at, what: format!("{}: {what}", path.display()) })?;
    Ok(pem)
}

fn identity(tls: &SourceTls, loaded: &Loaded) -> Result<Option<Identity>, Wrong> {
    let (Some(certificate), Some(key)) = (&tls.certificate, &tls.key) else { return Ok(None) };
    let wrong = |key| move |what: String| Wrong { at: key, what };
    let path = loaded.resolve(certificate);
    let chain = read(&path).map_err(wrong(&["tls", "certificate"]))?;
    egress::validity(&chain)
        .map_err(|e| wrong(&["tls", "certificate"])(format!("{}: {e}", path.display())))?;
    let unfit = |e: egress::EgressError| wrong(&["tls", "key"])(e.detail().to_owned());
    if key.starts_with("vault:") {
        let template = Template::parse(key).map_err(wrong(&["tls", "key"]))?;
        return Identity::sealed(&chain, template).map(Some).map_err(unfit);
    }
    let pem = own_key(&loaded.resolve(Path::new(key))).map_err(wrong(&["tls", "key"]))?;
    Identity::new(&chain, &pem).map(Some).map_err(unfit)
}

/// A key that nobody else can read.
fn own_key(path: &Path) -> Result<Secret<Vec<u8>>, String> {
    let mode = path.metadata().map_err(|e| unreadable(path, &e))?.mode() & 0o7777;
    if mode & 0o077 != 0 {
        let path = path.display();
        return Err(format!(
            "{path} has mode {mode:04o}, which lets others at the key: run `chmod 600 {path}`"
        ));
    }
    read(path).map(Secret::new)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    super::descriptions::counted(path, LARGEST)
}

fn unreadable(path: &Path, error: &std::io::Error) -> String {
    format!("{} cannot be read: {error}", path.display())
}

/// The certificates that the gate shows to sources: the source's name, and the file.
pub fn certificates(loaded: &Loaded) -> impl Iterator<Item = (&str, PathBuf)> {
    loaded.config.source.iter().filter_map(|source| {
        let path = source.tls.as_ref()?.certificate.as_ref()?;
        Some((source.name.as_str(), loaded.resolve(path)))
    })
}
