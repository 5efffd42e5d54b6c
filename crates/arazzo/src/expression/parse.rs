use super::{Expression, ExpressionError, Member, MessagePart, Part, Side};
use crate::limits::MAX_TEXT;
use crate::names;
use crate::pointer::Pointer;

type Parsed<T> = Result<T, ExpressionError>;

/// Words that a text must begin with to be meant as an expression.
const WORDS: [&str; 12] = [
    "$url",
    "$method",
    "$statusCode",
    "$self",
    "$request",
    "$response",
    "$message",
    "$inputs",
    "$outputs",
    "$steps",
    "$workflows",
    "$sourceDescriptions",
];

impl Expression {
    /// Reads an expression; all of the text must be one.
    pub fn parse(text: &str) -> Parsed<Self> {
        if text.len() > MAX_TEXT {
            return Err(ExpressionError::TooLong);
        }
        let rest = text.strip_prefix('$').ok_or(ExpressionError::Root)?;
        match rest {
            "url" => return Ok(Self::Url),
            "method" => return Ok(Self::Method),
            "statusCode" => return Ok(Self::StatusCode),
            "self" => return Ok(Self::OwnUri),
            _ => {}
        }
        let (root, rest) = rest.split_once('.').ok_or(ExpressionError::Root)?;
        match root {
            "request" => part(rest).map(Self::Request),
            "response" => part(rest).map(Self::Response),
            "message" => message(rest).map(Self::Message),
            "inputs" => member(rest).map(Self::Inputs),
            "outputs" => member(rest).map(Self::Outputs),
            "steps" => step(rest),
            "workflows" => workflow(rest),
            "sourceDescriptions" => source(rest),
            "components" => component(rest),
            _ => Err(ExpressionError::Root),
        }
    }

    /// Whether a text is meant as an expression, so that not being one is an error: `$5.00` is a price.
    pub fn is_meant(text: &str) -> bool {
        let begins = |word: &str| {
            text.strip_prefix(word).is_some_and(|rest| {
                !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            })
        };
        WORDS.into_iter().chain(["$components"]).any(begins)
    }
}

fn part(text: &str) -> Parsed<Part> {
    if let Some(name) = text.strip_prefix("header.") {
        return token(name).map(Part::Header);
    }
    if let Some(name) = text.strip_prefix("query.") {
        return name_of(name).map(Part::Query);
    }
    if let Some(name) = text.strip_prefix("path.") {
        return name_of(name).map(Part::Path);
    }
    behind(text, "body").map(Part::Body)
}

fn message(text: &str) -> Parsed<MessagePart> {
    match text.strip_prefix("header.") {
        Some(name) => token(name).map(MessagePart::Header),
        None => behind(text, "payload").map(MessagePart::Payload),
    }
}

/// `word`, or `word#pointer`.
fn behind(text: &str, word: &'static str) -> Parsed<Option<Pointer>> {
    let rest = text.strip_prefix(word).ok_or(ExpressionError::Incomplete(
        "header.<name>, query.<name>, path.<name>, body or body#/pointer",
    ))?;
    if rest.is_empty() {
        return Ok(None);
    }
    let pointer = rest.strip_prefix('#').ok_or(ExpressionError::Character)?;
    Pointer::parse(pointer).map(Some).map_err(ExpressionError::Pointer)
}

fn step(text: &str) -> Parsed<Expression> {
    let wanted = ExpressionError::Incomplete("$steps.<step>.outputs.<name>");
    let (step, rest) = text.split_once('.').ok_or(wanted)?;
    let rest = rest.strip_prefix("outputs.").ok_or(wanted)?;
    Ok(Expression::Step { step: id(step)?, output: member(rest)? })
}

fn workflow(text: &str) -> Parsed<Expression> {
    let wanted = ExpressionError::Incomplete("$workflows.<workflow>.outputs.<name>");
    let (workflow, rest) = text.split_once('.').ok_or(wanted)?;
    let (side, rest) = match rest.strip_prefix("outputs.") {
        Some(rest) => (Side::Outputs, rest),
        None => (Side::Inputs, rest.strip_prefix("inputs.").ok_or(wanted)?),
    };
    Ok(Expression::Workflow { workflow: id(workflow)?, side, field: member(rest)? })
}

fn source(text: &str) -> Parsed<Expression> {
    let wanted = ExpressionError::Incomplete("$sourceDescriptions.<name>.<reference>");
    let (name, reference) = text.split_once('.').ok_or(wanted)?;
    if reference.is_empty() || reference.contains(char::is_control) {
        return Err(wanted);
    }
    Ok(Expression::Source { name: id(name)?, reference: reference.to_owned() })
}

fn component(text: &str) -> Parsed<Expression> {
    let wanted = ExpressionError::Incomplete("$components.<kind>.<name>");
    let (kind, name) = text.split_once('.').ok_or(wanted)?;
    if !matches!(kind, "inputs" | "parameters" | "successActions" | "failureActions") {
        return Err(wanted);
    }
    if !names::is_key(name) {
        return Err(ExpressionError::Character);
    }
    Ok(Expression::Component { kind: kind.to_owned(), name: name.to_owned() })
}

fn member(text: &str) -> Parsed<Member> {
    let (name, pointer) = match text.split_once('#') {
        Some((name, pointer)) => {
            (name, Some(Pointer::parse(pointer).map_err(ExpressionError::Pointer)?))
        }
        None => (text, None),
    };
    Ok(Member { name: name_of(name)?, pointer })
}

/// Any characters that are not the beginning of something else.
fn name_of(text: &str) -> Parsed<String> {
    if text.is_empty() {
        return Err(ExpressionError::Incomplete("a name is missing"));
    }
    let bad = |c: char| c.is_control() || matches!(c, '{' | '}' | '#');
    if text.contains(bad) || names::is_poison(text) {
        return Err(ExpressionError::Character);
    }
    Ok(text.to_owned())
}

fn id(text: &str) -> Parsed<String> {
    if names::is_id(text) { Ok(text.to_owned()) } else { Err(ExpressionError::Character) }
}

/// `tchar` of RFC 9110, section 5.6.2.
fn token(text: &str) -> Parsed<String> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    match text {
        "" => Err(ExpressionError::Incomplete("header.<name>")),
        text if text.bytes().all(fits) => Ok(text.to_owned()),
        _ => Err(ExpressionError::Character),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_form_of_the_grammar_is_read_and_written_back() {
        for text in [
            "$url",
            "$method",
            "$statusCode",
            "$self",
            "$request.header.X-Token",
            "$request.query.page.size",
            "$request.path.id",
            "$request.body",
            "$response.body#",
            "$response.body#/items/0/a~1b/~0",
            "$response.header.retry-after",
            "$message.header.x",
            "$message.payload#/id",
            "$inputs.name",
            "$inputs.a.b#/c",
            "$outputs.total",
            "$steps.log-in_1.outputs.token",
            "$steps.log-in_1.outputs.a.b#/c/d",
            "$workflows.w.outputs.x",
            "$workflows.w.inputs.x#/y",
            "$sourceDescriptions.pets.url",
            "$sourceDescriptions.pets.find.one",
            "$components.parameters.page",
        ] {
            let read = Expression::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(read.to_string(), text);
            assert!(Expression::is_meant(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for text in [
            "",
            "$",
            "url",
            "$urls",
            "$statusCode.x",
            "$response",
            "$response.",
            "$response.bodyx",
            "$response.body.x",
            "$response.body#x",
            "$response.body#/~2",
            "$response.header.",
            "$response.header.a b",
            "$inputs",
            "$inputs.",
            "$inputs.#/x",
            "$steps.a",
            "$steps.a.outputs",
            "$steps.a.outputs.",
            "$steps.a b.outputs.c",
            "$steps.a.inputs.c",
            "$workflows.w.x.y",
            "$sourceDescriptions.x",
            "$components.steps.x",
            "$inputs.__proto__",
            "$response.body#/__proto__",
            "$unknown.x",
        ] {
            assert!(Expression::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_price_is_not_meant_as_an_expression_and_a_misspelt_one_is() {
        assert!(!Expression::is_meant("$5.00"));
        assert!(!Expression::is_meant("$urlencoded"));
        assert!(Expression::is_meant("$response.bdy"));
        assert!(Expression::is_meant("$inputs"));
    }

    fn pointer() -> impl Strategy<Value = Option<String>> {
        proptest::option::of(proptest::collection::vec("[a-z/~ 0-9]{0,4}", 0..4).prop_map(
            |tokens| {
                let escaped = |t: &String| t.replace('~', "~0").replace('/', "~1");
                let all = tokens.iter().flat_map(|t| ["/".to_owned(), escaped(t)]);
                all.collect::<String>()
            },
        ))
    }

    fn expression() -> impl Strategy<Value = Expression> {
        let pointer = || pointer().prop_map(|p| p.map(|p| Pointer::parse(&p).unwrap()));
        let member = || {
            ("[a-zA-Z0-9_. -]{1,8}", pointer()).prop_map(|(name, pointer)| Member { name, pointer })
        };
        let part = || {
            prop_oneof![
                "[a-zA-Z!'*-]{1,8}".prop_map(Part::Header),
                "[a-z.\\[\\]]{1,8}".prop_map(Part::Query),
                "[a-z.]{1,8}".prop_map(Part::Path),
                pointer().prop_map(Part::Body),
            ]
        };
        let id = || "[a-zA-Z0-9_-]{1,8}";
        let side = || prop_oneof![Just(Side::Inputs), Just(Side::Outputs)];
        prop_oneof![
            Just(Expression::Url),
            part().prop_map(Expression::Request),
            part().prop_map(Expression::Response),
            member().prop_map(Expression::Inputs),
            member().prop_map(Expression::Outputs),
            (id(), member()).prop_map(|(step, output)| Expression::Step { step, output }),
            (id(), side(), member()).prop_map(|(workflow, side, field)| Expression::Workflow {
                workflow,
                side,
                field
            }),
            (id(), "[a-z.A-Z{}]{1,8}")
                .prop_map(|(name, reference)| Expression::Source { name, reference }),
        ]
    }

    proptest! {
        #[test]
        fn an_expression_reads_as_it_was_written(expression in expression()) {
            prop_assert_eq!(Expression::parse(&expression.to_string()), Ok(expression));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\$?\\PC{0,40}") {
            let _ = Expression::parse(&text);
        }
    }
}
