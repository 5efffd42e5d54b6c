use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Turns names into addresses.
#[derive(Clone)]
pub struct Resolver(Kind);

type Answers = HashMap<String, VecDeque<Vec<IpAddr>>>;

#[derive(Clone)]
enum Kind {
    System,
    Fixed(Arc<Mutex<Answers>>),
}

impl Resolver {
    /// The machine's own resolver (hosts file, nsswitch, DNS).
    pub const fn system() -> Self {
        Self(Kind::System)
    }

    /// Names and their answers, one answer a question, the last one for ever: what a test needs to play a name server
    /// that changes its mind. Names not listed have no address.
    pub fn fixed(answers: impl IntoIterator<Item = (String, Vec<Vec<IpAddr>>)>) -> Self {
        let answers = answers.into_iter().map(|(name, list)| (name, list.into())).collect();
        Self(Kind::Fixed(Arc::new(Mutex::new(answers))))
    }

    /// Every address of `name`, in the order of preference. None of them is vetted.
    ///
    /// # Errors
    /// The resolver failed.
    pub async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let name = name.trim_end_matches('.');
        if is_localhost(name) {
            // RFC 6761 section 6.3: never asked of a name server, which could answer anything.
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        match &self.0 {
            Kind::System => {
                let mut found: Vec<IpAddr> = Vec::new();
                for address in tokio::net::lookup_host((name, 0)).await? {
                    if !found.contains(&address.ip()) {
                        found.push(address.ip());
                    }
                }
                Ok(found)
            }
            Kind::Fixed(answers) => {
                let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
                let list = answers.get_mut(name);
                Ok(list.map_or_else(Vec::new, |list| {
                    if list.len() > 1 { list.pop_front() } else { list.front().cloned() }
                        .unwrap_or_default()
                }))
            }
        }
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::System => "Resolver::system",
            Kind::Fixed(_) => "Resolver::fixed",
        })
    }
}
