use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{JsonType, ValidationError};

use crate::finding::escaped;

/// What the rule asks, in words that name no value of the arguments.
pub(super) fn of(error: &ValidationError<'_>) -> String {
    match error.kind() {
        Kind::Type { kind: TypeKind::Single(kind) } => format!("must be of type {kind}"),
        Kind::Type { kind: TypeKind::Multiple(kinds) } => {
            let names: Vec<String> = kinds.iter().map(|k: JsonType| k.to_string()).collect();
            format!("must be of type {}", names.join(" or "))
        }
        Kind::Required { property } => {
            format!("lacks {}", escaped(property.as_str().unwrap_or("a member")))
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let names: Vec<String> = unexpected.iter().take(5).map(|n| escaped(n)).collect();
            format!("has members that are not allowed: {}", names.join(", "))
        }
        Kind::Enum { .. } => "is none of the listed values".to_owned(),
        Kind::Constant { .. } => "is not the one allowed value".to_owned(),
        Kind::Maximum { limit } => format!("must be at most {limit}"),
        Kind::Minimum { limit } => format!("must be at least {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("must be more than {limit}"),
        Kind::MaxLength { limit } => format!("must have at most {limit} characters"),
        Kind::MinLength { limit } => format!("must have at least {limit} characters"),
        Kind::MaxItems { limit } => format!("must have at most {limit} items"),
        Kind::MinItems { limit } => format!("must have at least {limit} items"),
        Kind::MaxProperties { limit } => format!("must have at most {limit} members"),
        Kind::MinProperties { limit } => format!("must have at least {limit} members"),
        Kind::MultipleOf { multiple_of } => format!("must be a multiple of {multiple_of}"),
        Kind::UniqueItems => "must not hold the same item twice".to_owned(),
        Kind::Pattern { pattern } => format!("does not match the pattern {}", escaped(pattern)),
        Kind::Format { format } => format!("is no {}", escaped(format)),
        Kind::FalseSchema => "is not allowed here".to_owned(),
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } => {
            "fits none of the alternatives".to_owned()
        }
        Kind::OneOfMultipleValid { .. } => "fits more than one of the alternatives".to_owned(),
        Kind::Not { .. } => "fits what it must not".to_owned(),
        Kind::BacktrackLimitExceeded { .. } | Kind::RegexEngineFailure { .. } => {
            "could not be held against its pattern within the limit".to_owned()
        }
        other => format!("breaks the rule `{}`", other.keyword()),
    }
}
