//! Which extensions may be declared across the gate (2026-07-28 basic/index, SEP-2133).

use bytes::Bytes;

use super::keys::{CROSS_ERA_EXTENSIONS, TASKS_EXTENSION};
use super::writer::Writer;
use super::{Era, Version};
use crate::json::{Limits, Object};

/// The raw `extensions` object that one side declared, as the other side may hear it; `None` if nothing is left.
///
/// Between modern peers all pass. Otherwise only those that mean the same in both eras do; the tasks extension
/// never passes to or from a legacy peer.
pub(super) fn project(raw: &Bytes, from: Version, to: Version) -> Option<Bytes> {
    if from.era() == Era::Modern && to.era() == Era::Modern {
        return Some(raw.clone());
    }
    let crosses = |name: &str| {
        let same_era = from.era() == to.era();
        name != TASKS_EXTENSION && (same_era || CROSS_ERA_EXTENSIONS.contains(&name))
    };
    let all = Object::parse(raw.clone(), Limits::REQUEST).ok()?;
    let mut out = Writer::new();
    for (name, value) in all.iter().filter(|(name, _)| crosses(name)) {
        out.raw(&name, value);
    }
    (!out.is_empty()).then(|| out.finish())
}

/// The union of several raw objects; where a name stands in two, the first counts.
pub(super) fn union<'a>(all: impl IntoIterator<Item = &'a Bytes>) -> Option<Bytes> {
    let mut seen = std::collections::HashSet::new();
    let mut out = Writer::new();
    let objects = all.into_iter().filter_map(|raw| Object::parse(raw.clone(), Limits::REPLY).ok());
    for object in objects {
        for (name, value) in object.iter() {
            if seen.insert(name.clone().into_owned()) {
                out.raw(&name, value);
            }
        }
    }
    (!out.is_empty()).then(|| out.finish())
}
