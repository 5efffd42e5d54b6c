//! Packs, through the whole program.

mod approved;
mod folder;
mod manifest;
mod running;
mod shipped;
mod shown;
