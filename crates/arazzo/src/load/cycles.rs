use crate::error::{Errors, LoadCode};
use crate::model::{Document, First, Target, Then, Workflow};

/// Refuses workflows that wait for each other or are steps of each other. (A `goto` to a workflow is no such thing: it
/// ends the one and begins the other, and all of them together end at the limit of steps.)
pub(super) fn refuse(document: &Document, errors: &mut Errors) {
    let mut marks = vec![Mark::New; document.workflows.len()];
    for at in 0..document.workflows.len() {
        visit(document, at, &mut marks, errors);
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Mark {
    New,
    Open,
    Done,
}

/// No deeper than there are workflows, of which a document has few.
fn visit(document: &Document, at: usize, marks: &mut [Mark], errors: &mut Errors) {
    match marks.get(at) {
        Some(Mark::New) => {}
        Some(Mark::Open) => {
            let id = document.workflows.get(at).map_or("", |w| w.id.as_str());
            let message = format!("the workflow `{id}` needs itself, by way of others or directly");
            errors.add(LoadCode::Cycle, &format!("/workflows/{at}"), message);
            return;
        }
        _ => return,
    }
    marks[at] = Mark::Open;
    if let Some(workflow) = document.workflows.get(at) {
        for needed in needs(workflow) {
            if let Some(next) = document.workflows.iter().position(|w| w.id == needed) {
                visit(document, next, marks, errors);
            }
        }
    }
    marks[at] = Mark::Done;
}

fn needs(workflow: &Workflow) -> Vec<&str> {
    let mut all: Vec<&str> = workflow.depends_on.iter().map(String::as_str).collect();
    for step in &workflow.steps {
        let retries = step.on_failure.iter().filter_map(|action| match &action.then {
            Then::Retry { first: Some(First::Workflow(transfer)), .. } => Some(&transfer.target),
            _ => None,
        });
        for target in std::iter::once(&step.target).chain(retries) {
            if let Target::Workflow(id) = target {
                all.push(id);
            }
        }
    }
    all
}
