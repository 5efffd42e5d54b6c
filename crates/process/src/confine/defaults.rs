//! What every confined program may read: the system's programs and libraries, and the few settings they need.

use std::path::PathBuf;

use crate::interpreters::base_name;

/// Programs, libraries and data that belong to the system and hold nobody's secrets. Of `/etc`, names only, for keys
/// and passwords live there too; of `/proc` and `/sys`, what tells about the machine and not about its programs.
const SYSTEM: &[&str] = &[
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/usr/bin",
    "/usr/sbin",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/libx32",
    "/usr/libexec",
    "/usr/share",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/usr/local/lib",
    "/usr/local/lib64",
    "/usr/local/libexec",
    "/usr/local/share",
    "/nix/store",
    "/run/current-system/sw",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/ld.so.preload",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/ssl/cert.pem",
    "/etc/pki/tls/certs",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/tls/openssl.cnf",
    "/etc/pki/ca-trust",
    "/etc/ca-certificates",
    "/etc/ca-certificates.conf",
    "/etc/crypto-policies",
    "/etc/resolv.conf",
    "/run/systemd/resolve",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/protocols",
    "/etc/passwd",
    "/etc/group",
    "/etc/localtime",
    "/etc/timezone",
    "/etc/locale.conf",
    "/etc/locale.alias",
    "/etc/mime.types",
    "/etc/magic",
    "/etc/os-release",
    "/etc/debian_version",
    "/etc/fonts",
    "/etc/gitconfig",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/loadavg",
    "/proc/uptime",
    "/proc/version",
    "/proc/filesystems",
    "/proc/sys",
    "/sys/devices/system/cpu",
];

/// Devices that take and give bytes without meaning.
pub(crate) const DEVICES: &[&str] =
    &["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// Programs that fetch what they run, and want a place to keep it.
const FETCHERS: &[&str] =
    &["npx", "npm", "pnpm", "pnpx", "yarn", "bunx", "bun", "deno", "uvx", "uv", "pipx"];

pub(super) fn system() -> Vec<PathBuf> {
    SYSTEM.iter().map(PathBuf::from).collect()
}

/// Whether `program` is one that fetches what it runs (`npx`, `uvx` and their like): it needs the network, at least
/// the first time, and gets a folder of the source's own to keep things in.
pub fn fetches_programs(program: &str) -> bool {
    FETCHERS.contains(&base_name(program).as_str())
}

/// Where such programs keep things, by their own variables, below `cache`.
pub(crate) fn cache_variables(cache: &str) -> [(&'static str, String); 6] {
    [
        ("XDG_CACHE_HOME", cache.to_owned()),
        ("npm_config_cache", format!("{cache}/npm")),
        ("UV_CACHE_DIR", format!("{cache}/uv")),
        ("UV_TOOL_DIR", format!("{cache}/uv-tools")),
        ("UV_PYTHON_INSTALL_DIR", format!("{cache}/uv-python")),
        ("DENO_DIR", format!("{cache}/deno")),
    ]
}
