//! From a recording to tools.

use std::collections::BTreeMap;

use convert::{Draft, Scheme, Skipped, Tool};
use url::Url;

use crate::body::Class;
use crate::credentials::Seen;
use crate::group::{Group, groups};
use crate::mark::Mark;
use crate::recording::Recording;
use crate::sample::{Look, Sample};
use crate::tool::{Made, make};
use crate::{Converted, Options, Unreadable};

/// Most tools of one recording.
const MOST: usize = 2_000;
/// Most bytes of a description.
const DESCRIPTION: usize = 1500;

/// Converts what was read.
pub(crate) fn all(mut recording: Recording, options: &Options) -> Result<Converted, Unreadable> {
    let origin = chosen(&recording, options.origin.as_deref())?;
    let base = match &options.server {
        Some(server) => base(server)?,
        None => origin.clone(),
    };
    let mut skipped: Vec<Skipped> = recording
        .left
        .iter()
        .map(|left| skip(recording.place(left), left.why.0, left.why.1))
        .collect();
    let others = recording.origins().into_iter().filter(|(o, _)| *o != origin).collect();
    let (samples, elsewhere): (Vec<Sample>, Vec<Sample>) =
        std::mem::take(&mut recording.samples).into_iter().partition(|s| s.origin == origin);
    for sample in &elsewhere {
        let place = format!("entry {}: {} {}", sample.entry, sample.method, sample.origin);
        skipped.push(skip(
            place,
            "other_origin",
            "it went to another origin than the one of this source",
        ));
    }
    if recording.beyond > 0 {
        let place = format!("the last {} entries", recording.beyond);
        skipped.push(skip(
            place,
            "too_many_entries",
            "they are past the number of entries that are ever read",
        ));
    }
    let groups = groups(&samples);
    let made: Vec<Made> = groups.iter().map(|group| make(group, &base, &recording.vault)).collect();
    let schemes = schemes(&samples, &recording);
    let (tools, marks) = named(&groups, made, options, &mut skipped);
    Ok(Converted {
        base,
        calls: marks.iter().map(|mark| mark.calls).sum(),
        tools,
        marks,
        skipped,
        others,
        schemes,
        entries: recording.entries,
    })
}

fn skip(place: String, code: &'static str, reason: &str) -> Skipped {
    Skipped { place, code, reason: reason.to_owned() }
}

/// The origin that is meant: the one that is named, or the only one.
fn chosen(recording: &Recording, wanted: Option<&str>) -> Result<String, Unreadable> {
    let origins = recording.origins();
    let told = || {
        let shown: Vec<String> =
            origins.iter().take(8).map(|(o, n)| format!("{o} ({n} calls)")).collect();
        shown.join(", ")
    };
    let bad = |message: String| Err(Unreadable::new("har_origin", message));
    if origins.is_empty() {
        let message = format!(
            "none of the {} entries of the recording is a call of an API",
            recording.entries
        );
        return Err(Unreadable::new("har_no_calls", message));
    }
    match (wanted, origins.as_slice()) {
        (None, [(only, _)]) => Ok(only.clone()),
        (None, _) => bad(format!(
            "the recording has calls of several origins: set `origin` to one of {}",
            told()
        )),
        (Some(wanted), _) => {
            let own = Url::parse(wanted).map(|url| url.origin().ascii_serialization());
            match origins.iter().find(|(o, _)| own.as_ref() == Ok(o)) {
                Some((found, _)) => Ok(found.clone()),
                None => bad(format!(
                    "the recording has no calls of the `origin` that is set, but of {}",
                    told()
                )),
            }
        }
    }
}

/// The server of an operator: an origin and perhaps a path.
fn base(server: &str) -> Result<String, Unreadable> {
    let bad = |why: &str| Unreadable::new("har_server", format!("`server` {why}"));
    let url = Url::parse(server).map_err(|_| bad("is no absolute URL"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(bad("is no http or https URL"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("carries credentials, which belong into the vault"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(bad("has a query or a fragment"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn schemes(samples: &[Sample], recording: &Recording) -> Vec<(Scheme, usize)> {
    let mut counts: BTreeMap<&Seen, usize> = BTreeMap::new();
    for seen in samples.iter().flat_map(|s| &s.schemes).filter(|s| !recording.vault.knows(s.wire()))
    {
        *counts.entry(seen).or_default() += 1;
    }
    counts.into_iter().map(|(seen, n)| (seen.scheme(), n)).collect()
}

/// Names all tools that are sure enough, and describes them.
fn named(
    groups: &[Group<'_>],
    made: Vec<Made>,
    options: &Options,
    skipped: &mut Vec<Skipped>,
) -> (Vec<Tool>, Vec<Mark>) {
    let (mut drafts, mut taken) = (Vec::new(), BTreeMap::new());
    let twins = twins(&made);
    for (group, one) in groups.iter().zip(made) {
        let place = place(&one);
        if one.mark.confidence < options.least {
            let why = one.mark.reasons.join("; ");
            let reason = format!("it is of {} confidence: {why}", one.mark.confidence);
            skipped.push(skip(place, "low_confidence", &reason));
            continue;
        }
        if drafts.len() >= MOST {
            let why = "the recording has more operations than become tools";
            skipped.push(skip(place, "too_many_tools", why));
            continue;
        }
        let several = twins.get(&place).is_some_and(|n| *n > 1);
        let mut wanted = wanted(&one, several.then(|| variant(group, &one)));
        let mut identity = format!("{place} {wanted} {:?}", group.class());
        let n = taken.entry(identity.clone()).or_insert(0_usize);
        *n += 1;
        if *n > 1 {
            wanted = format!("{wanted}_{n}");
            identity = format!("{identity} {n}");
        }
        let mut tool = one.tool;
        tool.description = described(&place, &one.mark);
        drafts.push((Draft::new(tool, &wanted, identity), one.mark));
    }
    let settled = convert::settle(drafts).into_iter();
    settled
        .map(|(tool, mark)| {
            let mark = Mark { tool: tool.name.clone(), ..mark };
            (tool, mark)
        })
        .unzip()
}

fn place(one: &Made) -> String {
    format!("{} {}", one.tool.recipe.method, one.path)
}

/// How many tools have one method and path: they differ in body or answer.
fn twins(made: &[Made]) -> BTreeMap<String, usize> {
    let mut twins = BTreeMap::new();
    for one in made {
        *twins.entry(place(one)).or_default() += 1;
    }
    twins
}

fn wanted(one: &Made, variant: Option<String>) -> String {
    if let Some(operation) = &one.tool.operation_id {
        return operation.clone();
    }
    let method = one.tool.recipe.method.to_ascii_lowercase();
    let path = one.path.replace(['{', '}'], "");
    match variant {
        Some(variant) => format!("{method}_{path}_{variant}"),
        None => format!("{method}_{path}"),
    }
}

/// What tells a tool from others of its path: its body, and what comes back.
fn variant(group: &Group<'_>, one: &Made) -> String {
    let body = match group.class() {
        Class::None | Class::Json(_) | Class::GraphQl(..) => "",
        Class::Form => "form",
        Class::Multipart => "multipart",
        Class::Text(_) => "text",
        Class::Bytes(_) => "bytes",
    };
    let required = one.tool.input_schema["required"].as_array();
    let always =
        |argument: &str| required.is_some_and(|all| all.iter().any(|name| name == argument));
    let members = one.tool.recipe.body.iter().flat_map(|body| &body.members);
    // One that is in all of them, if there is one.
    let member = members.min_by_key(|(argument, wire)| (!always(argument), wire));
    let member = member.map(|(_, wire)| format!("with_{wire}"));
    let answer = match group.answers() {
        Look::Unknown => "",
        Look::Object(_) => "object",
        Look::List(_) => "list",
        Look::Scalar => "value",
        Look::Other(_) => "file",
    };
    let parts = [body, member.as_deref().unwrap_or_default(), answer];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_")
}

/// What agents read of it.
fn described(place: &str, mark: &Mark) -> String {
    let why = mark.reasons.join("; ");
    let text = format!(
        "{place}\n\nLearned from recorded traffic. Confidence: {} ({why}).",
        mark.confidence
    );
    if text.len() <= DESCRIPTION {
        return text;
    }
    format!("{}…", &text[..text.floor_char_boundary(DESCRIPTION)])
}
