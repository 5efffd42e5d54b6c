use serde_json::{Value, json};

use crate::entry::Entry;
use crate::instant::rfc3339;
use crate::payment::PaymentEntry;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A record as OCSF 1.3 API Activity (class 6003). What has no place there is under `unmapped`.
pub fn ocsf(entry: &Entry) -> Value {
    let (activity, activity_name) = activity(entry);
    let (status, status_name) = match entry.outcome.as_deref() {
        Some("ok" | "input_required") => (1, "Success"),
        Some(_) => (2, "Failure"),
        None => (0, "Unknown"),
    };
    let mut event = json!({
        "class_uid": 6003, "class_name": "API Activity", "category_uid": 6, "category_name": "Application Activity",
        "activity_id": activity, "activity_name": activity_name, "type_uid": 600_300 + activity,
        "severity_id": if status == 2 { 3 } else { 1 }, "severity": if status == 2 { "Medium" } else { "Informational" },
        "time": entry.timestamp().as_millis(),
        "status_id": status, "status": status_name, "status_code": entry.code, "status_detail": entry.note,
        "duration": entry.duration_us.map(|us| us / 1000),
        "metadata": {
            "version": "1.3.0", "uid": entry.seq.to_string(), "log_name": "audit", "sequence": entry.seq,
            "correlation_uid": entry.trace_id,
            "product": { "name": "Portcullis", "vendor_name": "Portcullis", "version": VERSION },
        },
        "actor": {
            "user": { "name": entry.principal, "uid": entry.principal, "org": { "name": entry.tenant }, "credential_uid": entry.credential },
            "session": { "uid": entry.session },
        },
        "api": {
            "operation": entry.tool.as_deref().unwrap_or(&entry.kind),
            "service": { "name": entry.source },
            "request": { "uid": entry.request_id },
            "response": { "code": entry.upstream_status, "error": entry.code },
        },
        "http_request": { "user_agent": entry.user_agent },
        "src_endpoint": endpoint(entry.client.as_deref()),
        "unmapped": {
            "kind": entry.kind, "front": entry.front, "upstream_name": entry.upstream_name, "action": entry.action,
            "effect": entry.effect, "args_digest": entry.args_digest, "args_masked": entry.args_masked,
            "verdict": entry.verdict, "rule": entry.rule, "epoch": entry.epoch, "outcome": entry.outcome,
            "payment": entry.payment,
            "bytes_in": entry.bytes_in, "bytes_out": entry.bytes_out, "clock_back_ms": entry.clock_back_ms,
        },
    });
    prune(&mut event);
    event
}

/// A record as one line of ArcSight Common Event Format, without a line break.
pub fn cef(entry: &Entry) -> String {
    let name = match &entry.tool {
        Some(tool) => format!("{} {tool}", entry.kind),
        None => entry.kind.clone(),
    };
    let id = entry.code.as_deref().or(entry.outcome.as_deref()).unwrap_or(&entry.kind);
    let severity = match entry.outcome.as_deref() {
        Some("ok" | "input_required") | None => 2,
        Some("tool_error" | "cancelled" | "limited") => 4,
        Some(_) => 6,
    };
    let mut line = format!(
        "CEF:0|Portcullis|Portcullis|{VERSION}|{}|{}|{severity}|",
        header(id),
        header(&name)
    );
    let time = rfc3339(entry.timestamp());
    let (seq, epoch) = (entry.seq.to_string(), entry.epoch.to_string());
    let status = entry.upstream_status.map(|s| s.to_string());
    let [duration, bytes_in, bytes_out] =
        [entry.duration_us, entry.bytes_in, entry.bytes_out].map(|n| n.map(|n| n.to_string()));
    let (peer, port) = split_address(entry.client.as_deref());
    let fields: [(&str, Option<&str>); 27] = [
        ("rt", Some(&time)),
        ("externalId", Some(&seq)),
        ("cat", Some(&entry.kind)),
        ("suser", entry.principal.as_deref()),
        ("src", peer),
        ("spt", port),
        ("requestMethod", entry.action.as_deref()),
        ("request", entry.tool.as_deref()),
        ("requestClientApplication", entry.user_agent.as_deref()),
        ("act", entry.verdict.as_deref()),
        ("outcome", entry.outcome.as_deref()),
        ("reason", entry.code.as_deref()),
        ("in", bytes_in.as_deref()),
        ("out", bytes_out.as_deref()),
        ("msg", entry.note.as_deref()),
        ("tenant", entry.tenant.as_deref()),
        ("credential", entry.credential.as_deref()),
        ("session", entry.session.as_deref()),
        ("requestId", entry.request_id.as_deref()),
        ("traceId", entry.trace_id.as_deref()),
        ("source", entry.source.as_deref()),
        ("effect", entry.effect.as_deref()),
        ("rule", entry.rule.as_deref()),
        ("argsDigest", entry.args_digest.as_deref()),
        ("policyEpoch", Some(&epoch)),
        ("upstreamStatus", status.as_deref()),
        ("durationUs", duration.as_deref()),
    ];
    let pairs =
        fields.iter().filter_map(|(key, value)| Some(format!("{key}={}", extension((*value)?))));
    let money = entry.payment.iter().flat_map(money);
    let money = money.map(|(key, value)| format!("{key}={}", extension(value)));
    line.push_str(&pairs.chain(money).collect::<Vec<_>>().join(" "));
    line
}

/// The extension fields of a payment.
fn money(payment: &PaymentEntry) -> impl Iterator<Item = (&'static str, &str)> {
    let p = payment;
    let fields = [
        ("paymentId", p.id.as_str()),
        ("paymentRail", &p.rail),
        ("paymentScheme", &p.scheme),
        ("paymentNetwork", &p.network),
        ("paymentOrigin", &p.origin),
        ("paymentResource", &p.resource),
        ("paymentPayee", &p.payee),
        ("paymentAsset", &p.asset),
        ("paymentAmount", &p.amount),
        ("paymentFee", &p.fee),
        ("paymentState", &p.state),
        ("paymentRules", &p.rules),
        ("paymentFlags", &p.flags),
        ("paymentApproval", p.approval.as_deref().unwrap_or_default()),
        ("paymentNonce", p.nonce.as_deref().unwrap_or_default()),
        ("paymentReceipt", p.receipt.as_deref().unwrap_or_default()),
        ("paymentPolicy", p.policy.as_deref().unwrap_or_default()),
        ("paymentAlsoSigned", p.also_signed.as_deref().unwrap_or_default()),
    ];
    fields.into_iter().filter(|(_, value)| !value.is_empty())
}

/// CEF header fields: `|` and `\` are escaped, a line break has no place.
fn header(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace(['\n', '\r'], " ")
}

/// CEF extension values: `=` and `\` are escaped, a line break becomes `\n` or `\r`.
fn extension(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('=', "\\=");
    crate::terminal_safe(&escaped.replace('\n', "\\n").replace('\r', "\\r")).into_owned()
}

fn activity(entry: &Entry) -> (u32, &str) {
    match entry.effect.as_deref() {
        Some("read") => (2, "Read"),
        Some("write") => (3, "Update"),
        other => (99, other.unwrap_or(&entry.kind)),
    }
}

fn endpoint(client: Option<&str>) -> Value {
    let (ip, port) = split_address(client);
    json!({ "ip": ip, "port": port.and_then(|p| p.parse::<u16>().ok()) })
}

/// `127.0.0.1:80`, `[::1]:80`, or an address alone.
fn split_address(client: Option<&str>) -> (Option<&str>, Option<&str>) {
    let Some(client) = client else { return (None, None) };
    match client.rsplit_once(':') {
        Some((host, port)) if host.starts_with('[') || !host.contains(':') => {
            (Some(host.trim_matches(['[', ']'])), Some(port))
        }
        _ => (Some(client), None),
    }
}

/// Removes members that say nothing.
fn prune(value: &mut Value) {
    if let Value::Object(members) = value {
        members.values_mut().for_each(prune);
        members.retain(|_, v| !v.is_null() && v.as_object().is_none_or(|o| !o.is_empty()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry {
            seq: 3,
            time: "2026-11-21T10:00:00.000Z".into(),
            kind: "call".into(),
            principal: Some("alice".into()),
            client: Some("[::1]:4711".into()),
            source: Some("files".into()),
            tool: Some("files__a|b=c\\d".into()),
            effect: Some("read".into()),
            outcome: Some("refused".into()),
            code: Some("policy_denied".into()),
            note: Some("first\nCEF:0|fake".into()),
            duration_us: Some(2500),
            ..Entry::default()
        }
    }

    #[test]
    fn g_audit_08_pipes_equals_signs_and_line_breaks_forge_no_cef_field() {
        let line = cef(&entry());
        assert!(line.starts_with("CEF:0|Portcullis|Portcullis|"), "{line}");
        assert!(line.contains(r"|policy_denied|call files__a\|b=c\\d|6|"), "{line}");
        assert!(line.contains(r" request=files__a|b\=c\\d "), "{line}");
        assert!(line.contains(r"msg=first\nCEF:0|fake") && line.lines().count() == 1, "{line}");
        assert!(line.contains("src=::1 spt=4711"), "{line}");
    }

    #[test]
    fn ocsf_says_who_did_what_and_how_it_ended_and_leaves_out_what_is_unknown() {
        let event = ocsf(&entry());
        assert_eq!(event["class_uid"], 6003);
        assert_eq!((&event["activity_id"], &event["type_uid"]), (&json!(2), &json!(600_302)));
        assert_eq!(event["actor"]["user"]["name"], "alice");
        assert_eq!(event["api"]["operation"], "files__a|b=c\\d");
        assert_eq!(
            (&event["status_id"], &event["status_code"]),
            (&json!(2), &json!("policy_denied"))
        );
        assert_eq!(event["duration"], 2);
        assert_eq!(event["time"], 1_795_255_200_000_u64);
        assert_eq!(event["src_endpoint"], json!({ "ip": "::1", "port": 4711 }));
        assert!(event.get("http_request").is_none() && event["unmapped"].get("front").is_none());
    }

    #[test]
    fn an_address_is_told_from_its_port_and_one_without_a_port_stays_whole() {
        for (client, address, port) in [
            ("127.0.0.1:80", "127.0.0.1", Some("80")),
            ("[2001:db8::1]:80", "2001:db8::1", Some("80")),
            ("127.0.0.1", "127.0.0.1", None),
            ("2001:db8::80", "2001:db8::80", None),
        ] {
            assert_eq!(split_address(Some(client)), (Some(address), port));
        }
        assert_eq!(split_address(None), (None, None));
    }

    #[test]
    fn an_effect_without_a_place_in_ocsf_is_other_by_its_name() {
        let event = ocsf(&Entry { effect: Some("spend".into()), ..entry() });
        assert_eq!((&event["activity_id"], &event["activity_name"]), (&json!(99), &json!("spend")));
    }
}
