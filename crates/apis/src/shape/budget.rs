use serde_json::Value;

use super::{LeftOut, Shaped, cut};

/// How often the largest list is cut before texts are.
const ROUNDS: usize = 8;

/// Cuts what is shaped to so many bytes: the largest list first, again and again, then the largest text.
pub(super) fn keep(shaped: &mut Shaped, most: usize) {
    if let Some(text) = &mut shaped.text {
        if let Some(left_out) = cut_text("", text, most) {
            shaped.left_out.push(left_out);
        }
        return;
    }
    for _ in 0..ROUNDS {
        let size = shaped.value.to_string().len();
        if size <= most {
            return;
        }
        let Some((pointer, bytes)) = largest(&shaped.value, &Value::is_array) else { break };
        let Some(found) = shaped.value.pointer_mut(&pointer) else { break };
        let room = (most + bytes).saturating_sub(size);
        let fit = fitting(found, room);
        if fit == found.as_array().map_or(0, Vec::len) {
            break;
        }
        cut(&pointer, found, 0, fit, &mut shaped.left_out);
    }
    for _ in 0..ROUNDS {
        let size = shaped.value.to_string().len();
        if size <= most {
            return;
        }
        let Some((pointer, bytes)) = largest(&shaped.value, &Value::is_string) else { break };
        let Some(Value::String(text)) = shaped.value.pointer_mut(&pointer) else { break };
        let room = (most + bytes).saturating_sub(size + 2);
        // An escape takes six bytes at most.
        let room = room.min(text.len()) * text.len() / bytes.max(1);
        let Some(left_out) = cut_text(&pointer, text, room) else { break };
        shaped.left_out.push(left_out);
    }
    if shaped.value.to_string().len() > most {
        shaped.value = Value::Null;
        shaped.left_out.push(LeftOut::new("", "everything: nothing of it fits the budget"));
    }
}

/// How many of the first elements fit so many bytes.
fn fitting(list: &Value, room: usize) -> usize {
    let mut used = 2;
    let elements = list.as_array().map_or(&[][..], Vec::as_slice);
    elements
        .iter()
        .take_while(|element| {
            used += element.to_string().len() + 1;
            used <= room
        })
        .count()
}

/// The place and size of the largest list that has elements, or of the largest text.
fn largest(value: &Value, wanted: &dyn Fn(&Value) -> bool) -> Option<(String, usize)> {
    let mut best: Option<(String, usize)> = None;
    let mut open = vec![(String::new(), value)];
    while let Some((at, value)) = open.pop() {
        let empty = value.as_array().is_some_and(Vec::is_empty) || value.as_str() == Some("");
        if wanted(value) && !empty {
            let size = value.to_string().len();
            if best.as_ref().is_none_or(|(_, most)| size > *most) {
                best = Some((at.clone(), size));
            }
            if value.is_array() {
                // What is within a list is cut with it.
                continue;
            }
        }
        match value {
            Value::Array(elements) => {
                open.extend(elements.iter().enumerate().map(|(n, v)| (format!("{at}/{n}"), v)));
            }
            Value::Object(members) => open.extend(members.iter().map(|(name, v)| {
                (format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), v)
            })),
            _ => {}
        }
    }
    best
}

fn cut_text(at: &str, text: &mut String, most: usize) -> Option<LeftOut> {
    let of = text.len();
    if of <= most {
        return None;
    }
    let end = text.floor_char_boundary(most);
    text.truncate(end);
    Some(LeftOut::new(at, format!("the first {end} of {of} bytes of the text are shown")))
}
