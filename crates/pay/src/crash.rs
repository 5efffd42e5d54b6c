/// The variable that names a point.
#[cfg(debug_assertions)]
const AT: &str = "PORTCULLIS_CRASH_AT";

/// Ends this process at once at the point that `PORTCULLIS_CRASH_AT` names, without unwinding and without last words: how
/// tests lose power between two steps of a payment. Release builds have nothing of it.
#[cfg(debug_assertions)]
pub(crate) fn at(point: &str) {
    if ambient::env(AT).is_some_and(|named| named == point) {
        std::process::abort();
    }
}

/// Nothing.
#[cfg(not(debug_assertions))]
pub(crate) const fn at(_: &str) {}
