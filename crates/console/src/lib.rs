//! The page on which operators see and answer calls that wait for a person.
//!
//! Whole pages from the server, no script. Whoever signs in shows an operator's API key and gets a session that ends by
//! itself; what an agent holds opens nothing here. Every text on a page is escaped, because most of it is the words of
//! agents and sellers: control and bidirectional characters are shown as what they are.

mod answering;
mod console;
mod escape;
mod form;
mod page;
mod qr;
mod reply;
mod session;
mod till;

pub use console::{Console, Door, Parts, ROOT};
pub use till::{Boxed, NotBooked, Till};
