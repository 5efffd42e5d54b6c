use super::Challenge;
use crate::Address;

/// The text that is signed, line by line as EIP-4361 has it.
pub(super) fn write(challenge: &Challenge, chain_id: u64, address: Address) -> String {
    let mut lines = vec![
        format!("{} wants you to sign in with your Ethereum account:", challenge.domain),
        address.to_string(),
        String::new(),
    ];
    // Without a statement there are two empty lines, with one there is one before and one after it.
    if let Some(statement) = &challenge.statement {
        lines.push(statement.clone());
    }
    lines.push(String::new());
    lines.push(format!("URI: {}", challenge.uri));
    lines.push(format!("Version: {}", challenge.version));
    lines.push(format!("Chain ID: {chain_id}"));
    lines.push(format!("Nonce: {}", challenge.nonce));
    lines.push(format!("Issued At: {}", challenge.issued_at));
    let more = [
        ("Expiration Time", &challenge.expiration_time),
        ("Not Before", &challenge.not_before),
        ("Request ID", &challenge.request_id),
    ];
    for (name, value) in more {
        lines.extend(value.iter().map(|value| format!("{name}: {value}")));
    }
    if !challenge.resources.is_empty() {
        lines.push("Resources:".to_owned());
        lines.extend(challenge.resources.iter().map(|resource| format!("- {resource}")));
    }
    lines.join("\n")
}
