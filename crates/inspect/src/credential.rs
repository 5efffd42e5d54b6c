use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder};

/// Where secrets are kept. Whoever names such a place in a definition wants it read, in whatever language.
const PLACES: &[&str] = &[
    r"[~/]\.ssh\b",
    r"\.ssh/",
    r"\bid_(rsa|dsa|ecdsa|ed25519)\b",
    r"[~/ ]\.aws/(credentials|config)|[~/]\.aws\b",
    r"/etc/(shadow|gshadow|passwd|sudoers|master\.passwd)\b",
    r"/proc/(self|[0-9]+)/environ\b",
    r"(^|[\s/'\x22`(\[:=,<])\.env(\.(local|prod|production|dev|development|staging|test))?($|[^a-z0-9_.\-]|\.($|\s))",
    r"(^|[^a-z0-9])\.(netrc|pgpass|git-credentials|npmrc|pypirc|htpasswd|vault-token|boto|s3cfg)\b",
    r"[~/]\.(gnupg|kube/config|docker/config\.json|config/gcloud|azure/|config/gh/hosts|bitcoin|ethereum)",
    r"\bapplication_default_credentials\.json\b",
    r"\b(claude_desktop_config|mcp_settings)\.json\b|\.cursor/mcp\.json\b",
    r"/run/secrets/|/secrets/kubernetes\.io\b",
    r"\bwallet\.dat\b|\blogin\.keychain|\bcookies\.sqlite\b|/login data\b",
    r"\b(wallet|crypto) (seed|mnemonic)|\b(seed|recovery|mnemonic) (phrase|words)\b",
];

static KNOWN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    RegexBuilder::new(&PLACES.join("|")).case_insensitive(true).unicode(false).build().ok()
});

/// Start and length of the first place for secrets named in a visible text; backslashes count as slashes.
pub(crate) fn credential(clean: &str) -> Option<(usize, usize)> {
    let regex = KNOWN.as_ref()?;
    if clean.contains('\\') {
        let slashed = clean.replace('\\', "/");
        regex.find(slashed.as_bytes()).map(|m| (m.start(), m.len()))
    } else {
        regex.find(clean.as_bytes()).map(|m| (m.start(), m.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_for_secrets_are_known_and_words_like_them_are_not() {
        for place in [
            "read ~/.ssh/id_rsa",
            "lee ~/.aws/credentials y",
            "cat /etc/shadow",
            "open .env please",
            "the `.env` file",
            ".env",
            "C:\\Users\\me\\.ssh\\config",
            "$HOME/.kube/config",
            "your seed phrase",
            "upload wallet.dat",
            "/proc/self/environ",
            "config/.env.local",
            "see .env.",
            "~/.netrc",
        ] {
            assert!(credential(place).is_some(), "{place}");
        }
        for clean in [
            "process.env.NODE_ENV",
            "import.meta.env",
            "environment of the seed bank",
            "passwd change page",
            "ssh host",
            "the .envelope file",
            "aws region",
            "phrase search",
            "config.env_name",
            "/etc/hosts",
            "identity id_rsvp",
            "a.env",
        ] {
            assert_eq!(credential(clean), None, "{clean}");
        }
    }
}
