use model::Effect;

/// The effect that a method promises (RFC 9110, section 9.2); an operator decides.
pub fn method_effect(method: &str) -> Effect {
    match method.to_ascii_lowercase().as_str() {
        "get" | "head" | "options" => Effect::Read,
        "delete" => Effect::Destructive,
        _ => Effect::Write,
    }
}
