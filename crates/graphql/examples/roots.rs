//! Converts a schema and holds every operation against it: `cargo run -p graphql --example roots -- schema.graphql`.
//!
//! Fails unless each field of the query and mutation types has become an operation that is valid and within the caps.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use std::error::Error;
use std::process::ExitCode;

use ambient::Clock;
use apollo_compiler::ExecutableDocument;
use apollo_compiler::executable::{Selection, SelectionSet};
use apollo_compiler::schema::Schema;
use apollo_compiler::validation::Valid;
use convert::{BodyKind, Tool};
use graphql::{Options, Source};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut good = true;
    let mut any = false;
    for path in std::env::args_os().skip(1) {
        println!("{}", path.to_string_lossy());
        good &= one(&std::fs::read(&path)?)?;
        any = true;
    }
    if !any {
        return Err(
            "give the path of a schema, in SDL or as the answer to an introspection query".into()
        );
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints the table of one schema, and says whether all of it is well.
fn one(text: &[u8]) -> Result<bool, Box<dyn Error>> {
    let options =
        Options { endpoint: "https://api.example.com/graphql".to_owned(), ..Options::default() };
    let clock = Clock::system();
    let start = clock.now_millis();
    let converted = graphql::from_schema(text, &options)?;
    let took = clock.now_millis() - start;
    let source = match text.first() {
        Some(b'{') => Source::Introspection(text),
        _ => Source::Sdl(std::str::from_utf8(text)?),
    };
    let schema = graphql::read(source)?;
    let roots = root_fields(&schema);
    let mut table = Table::default();
    for tool in &converted.tools {
        table.add(&schema, tool, &options);
    }
    for skipped in &converted.skipped {
        println!("skipped {}: {}: {}", skipped.place, skipped.code, skipped.reason);
    }
    println!("root fields            {roots}");
    println!("converted              {}", converted.tools.len());
    println!("valid and within caps  {}", table.valid);
    println!("largest document       {} bytes", table.bytes);
    println!("most fields            {} of {}", table.fields, options.max_fields);
    println!("deepest                {} of {}", table.depth, options.max_depth);
    println!("largest input schema   {} bytes", table.schema);
    println!("time                   {took} ms");
    if let Some(peak) = peak() {
        println!("peak memory            {peak}");
    }
    Ok(roots > 0 && converted.tools.len() == roots && table.valid == roots)
}

fn root_fields(schema: &Schema) -> usize {
    let definition = &schema.schema_definition;
    let roots = [&definition.query, &definition.mutation].into_iter().flatten();
    roots.filter_map(|name| schema.get_object(name)).map(|root| root.fields.len()).sum()
}

#[derive(Default)]
struct Table {
    valid: usize,
    bytes: usize,
    fields: usize,
    depth: usize,
    schema: usize,
}

impl Table {
    fn add(&mut self, schema: &Valid<Schema>, tool: &Tool, options: &Options) {
        let Some(BodyKind::GraphQl { document, operation }) =
            tool.recipe.body.as_ref().map(|b| &b.kind)
        else {
            println!("{}: no GraphQL", tool.name);
            return;
        };
        let parsed = match ExecutableDocument::parse_and_validate(schema, document, &tool.name) {
            Ok(parsed) => parsed,
            Err(found) => {
                println!("{}: not valid\n{}", tool.name, found.errors);
                return;
            }
        };
        let Ok(found) = parsed.operations.get(Some(operation)) else {
            println!("{}: the document has no operation {operation}", tool.name);
            return;
        };
        let (fields, depth) = size(&found.selection_set);
        if fields <= options.max_fields && depth <= options.max_depth {
            self.valid += 1;
        } else {
            println!("{}: {fields} fields, {depth} deep", tool.name);
        }
        self.bytes = self.bytes.max(document.len());
        self.fields = self.fields.max(fields);
        self.depth = self.depth.max(depth);
        self.schema = self.schema.max(tool.input_schema.to_string().len());
    }
}

/// How many fields a selection set has, and how many stand inside one another.
fn size(set: &SelectionSet) -> (usize, usize) {
    set.selections.iter().fold((0, 0), |(fields, depth), selection| {
        let (more, deeper) = match selection {
            Selection::Field(field) => {
                let (fields, depth) = size(&field.selection_set);
                (fields + 1, depth + 1)
            }
            Selection::InlineFragment(inline) => size(&inline.selection_set),
            Selection::FragmentSpread(_) => (0, 0),
        };
        (fields + more, depth.max(deeper))
    })
}

/// The most memory this process has held, as Linux tells it.
fn peak() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    Some(status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().to_owned())
}
