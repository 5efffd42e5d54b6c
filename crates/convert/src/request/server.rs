use serde_json::{Map, Value};
use url::{Position, Url};

use super::{BadArgument, Request, body, fields, path, query};
use crate::Recipe;

/// The server of recipes, read once. Every request is joined to it.
#[derive(Debug, Clone)]
pub struct Server {
    /// The URL as recipes name it.
    base: String,
    /// The same, read, or why no request can go there.
    root: Result<Root, &'static str>,
}

#[derive(Debug, Clone)]
struct Root {
    /// Without query and fragment.
    url: Url,
    /// Its path without the slashes at its end: what each path begins with.
    under: String,
}

impl Server {
    /// Reads the base of a recipe. What is wrong with it is said by each request that would go there.
    pub fn new(base: &str) -> Self {
        Self { base: base.to_owned(), root: Root::read(base) }
    }

    /// Makes the request of a call of a recipe of this server; see [`super::request`].
    ///
    /// # Errors
    /// The first argument that cannot be sent safely; `not_under_base` where the recipe is of another server.
    pub fn request<'r>(
        &self,
        recipe: &'r Recipe,
        arguments: &Map<String, Value>,
    ) -> Result<Request<'r>, BadArgument> {
        let path = path::expand(recipe, arguments)?;
        let query = query(recipe, arguments)?;
        if recipe.base != self.base {
            return Err(outside("the recipe is of another server"));
        }
        let url = self.joined(&path, &query)?;
        let headers = fields(recipe, arguments)?;
        let body = recipe.body.as_ref().map(|b| body::make(b, arguments)).transpose()?.flatten();
        Ok(Request { method: &recipe.method, url, headers, body })
    }

    /// Base, path and query in one, held against the base: the origin is its own, and the path begins with its path.
    fn joined(&self, path: &str, query: &str) -> Result<Url, BadArgument> {
        let root = self.root.as_ref().map_err(|why| outside(why))?;
        let mut whole = String::with_capacity(root.under.len() + path.len());
        whole.push_str(&root.under);
        whole.push_str(path);
        let mut url = root.url.clone();
        url.set_path(&whole);
        if !query.is_empty() {
            url.set_query(Some(query));
        }
        let rest = url.path().strip_prefix(&root.under);
        let stays = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if origin(&url) != origin(&root.url) || !stays || url.fragment().is_some() {
            return Err(outside("the request would leave its server"));
        }
        // What the parser folded away was no part of the path that was checked.
        if url.path() != whole && slashes(url.path()) != slashes(&whole) {
            return Err(outside("the request would leave its place"));
        }
        Ok(url)
    }
}

impl Root {
    fn read(base: &str) -> Result<Self, &'static str> {
        let mut url = Url::parse(base).map_err(|_| "the server is no URL")?;
        let under = url.path().trim_end_matches('/').to_owned();
        // What is written behind the base has to end up behind its path: one such text is read whole, for all.
        let behind = format!("{}/x", base.trim_end_matches('/'));
        let behind = Url::parse(&behind).map_err(|_| "the request has no lawful URL")?;
        // An origin of its own is the same as no other, not even itself.
        let same = url.origin().is_tuple() && origin(&behind) == origin(&url);
        let plain = behind.query().is_none() && behind.fragment().is_none();
        if url.cannot_be_a_base() || !same || !plain {
            return Err("the request would leave its server");
        }
        if behind.path().strip_suffix("/x") != Some(&*under) {
            return Err("the request would leave its place");
        }
        url.set_query(None);
        url.set_fragment(None);
        Ok(Self { url, under })
    }
}

/// Scheme, host and port as they are written in a URL that was read.
fn origin(url: &Url) -> &str {
    &url[..Position::BeforePath]
}

fn slashes(path: &str) -> usize {
    path.bytes().filter(|b| *b == b'/').count()
}

fn outside(what: &str) -> BadArgument {
    BadArgument::new("", "not_under_base", what)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The plain way, which reads base and request anew each time.
    fn plainly(base: &str, path: &str, query: &str) -> Result<Url, &'static str> {
        let root = Url::parse(base).map_err(|_| "the server is no URL")?;
        let prefix = base.trim_end_matches('/');
        let mark = if query.is_empty() { "" } else { "?" };
        let url = Url::parse(&format!("{prefix}{path}{mark}{query}"))
            .map_err(|_| "the request has no lawful URL")?;
        let under = root.path().trim_end_matches('/');
        let rest = url.path().strip_prefix(under);
        let stays = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if url.origin() != root.origin() || !stays || url.fragment().is_some() {
            return Err("the request would leave its server");
        }
        if slashes(url.path()) != slashes(&format!("{under}{path}")) {
            return Err("the request would leave its place");
        }
        Ok(url)
    }

    /// Whether what is written behind the base is its path.
    fn takes_paths(base: &str) -> bool {
        plainly(base, "/x", "").is_ok_and(|url| url.path().ends_with("/x") && url.query().is_none())
    }

    fn same(base: &str, path: &str, query: &str) -> Result<(), TestCaseError> {
        let joined = Server::new(base).joined(path, query);
        match (plainly(base, path, query), joined) {
            (Ok(plain), Ok(joined)) => prop_assert_eq!(plain, joined, "{}", base),
            (Err(_), Err(_)) => {}
            // A base behind which no path can be written (one with a query, or with `\\` at its end) is refused for every
            // path; the plain way refuses it path by path.
            (Ok(_), Err(_)) if !takes_paths(base) => {}
            (plain, joined) => prop_assert!(false, "{base} {path} {query}: {plain:?} {joined:?}"),
        }
        Ok(())
    }

    #[test]
    fn strange_bases_are_joined_as_if_each_request_were_read_whole() {
        for base in [
            "https://api.example",
            "https://api.example/",
            "https://api.example//",
            "https://API.example:443/v1/",
            "https://api.example/v1//",
            "https://api.example/a/../b/.",
            "https://api.example/a/%2e%2e/b/",
            "https://api.example\\v1\\",
            "https:api.example",
            "https://api.example/v1\\",
            " https://api.example/v1 ",
            "https://api.example/v1\t/",
            "https://api.example/v1?q=1",
            "https://api.example/v1#f",
            "https://api.example/v1?",
            "https://api.example?",
            "https://api.example/v1/#",
            "https://u:p@api.example/v1",
            "https://b\u{fc}cher.example/v1",
            "http://0x7f000001/",
            "http://[::1]:9000/v1",
            "file:///etc",
            "file:///c:/x",
            "data:text/plain,x",
            "foo://api.example/v1",
            "https://",
            "",
        ] {
            for (path, query) in [
                ("/x", ""),
                ("/", ""),
                ("/a//b", "c=d'"),
                ("/..;/x", ""),
                ("/C|/%2e", "a=%20"),
                ("/./", ""),
            ] {
                same(base, path, query).unwrap();
            }
        }
    }

    proptest! {
        #[test]
        fn joining_is_as_if_each_request_were_read_whole(
            base in prop_oneof![
                "(https?|ftp|ws|file|x):/{0,3}[a-cA-C.@:0-9]{0,6}[/\\\\?#a-c.% ]{0,8}",
                "https://api.example(:[0-9]{1,4})?(/[a-c%.2e\\\\;]{0,5}){0,3}",
            ],
            path in "(/[a-c~'!@:;=,$&()*+%.2e-]{0,6}){1,4}",
            query in "[a-c'()!$*,;:/?@=&%0-9.~_-]{0,12}",
        ) {
            same(&base, &path, &query)?;
        }

        #[test]
        fn what_is_joined_has_the_origin_of_its_base_and_stays_under_it(path in "(/\\PC{0,8}){1,3}", query in "\\PC{0,8}") {
            let server = Server::new("https://api.example/v1/");
            if let Ok(url) = server.joined(&path, &query) {
                prop_assert_eq!(origin(&url), "https://api.example");
                prop_assert!(url.path().starts_with("/v1/"));
            }
        }
    }
}
