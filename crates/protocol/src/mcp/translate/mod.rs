//! How one era is said in the other: the pure half of it (sections 7.2 to 7.18 of the project's MCP reference).
//!
//! Everything here works on raw bytes and changes only the members it names; unknown ones pass. The four cells are
//! MM, ML, LM, LL: client's era first, upstream's second.
//!
//! | what | towards the upstream | towards the client |
//! |---|---|---|
//! | params | [`params_to_legacy`], [`params_to_modern`], [`params_same_era`] | |
//! | results | | [`peek_result`], then [`result_to_modern`], [`result_to_legacy`], [`result_between_legacy`] |
//! | definitions | | [`tool_for`], [`parse_page`], [`write_list`] |
//! | errors | | [`error_to_modern`], [`error_to_legacy`] |
//! | what a server asks | [`answer_as_input_response`], [`answer_for_legacy`], [`refuse`] | [`input_request_from_legacy`], [`ask_from_modern`] |

mod answers;
mod asks;
mod content;
mod errors;
mod input_required;
mod lists;
mod params;
mod results;
mod tools;

pub use answers::{
    Refusal, Unanswerable, answer_as_input_response, answer_for_legacy, check_answer, refuse,
};
pub use asks::{
    Inexpressible, UrlElicitation, ask_from_modern, input_request_from_legacy, related_task,
    url_elicitations,
};
pub use errors::{error_to_legacy, error_to_modern, is_modern_only, supported_versions};
pub use input_required::{
    BadInput, InputRequired, InputResponses, may_ask, parse_input_required, parse_input_responses,
    with_inputs, write_input_required,
};
pub use lists::{Caching, Page, is_cacheable, parse_page, write_list};
pub use params::{Hop, Modern, params_same_era, params_to_legacy, params_to_modern};
pub use results::{
    Peek, ResultType, peek_result, result_between_legacy, result_to_legacy, result_to_modern,
};
pub use tools::{Route, tool_for};

#[cfg(test)]
mod tests;
