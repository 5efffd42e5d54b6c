use std::fs;

/// Closes every descriptor above standard error.
///
/// Whoever started the gate may have left descriptors open without close-on-exec (build tools and editors do); a child
/// must not find them. Only for the stages of a re-execution, which own no descriptor yet.
pub(crate) fn close_inherited() -> std::io::Result<()> {
    // The listing's own descriptor is among those listed; it is gone by the time they are closed.
    let open: Vec<i32> = fs::read_dir("/proc/self/fd")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    for fd in open.into_iter().filter(|fd| *fd > 2) {
        let _ = nix::unistd::close(fd);
    }
    Ok(())
}
