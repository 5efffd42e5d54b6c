//! Payments from demand to proof.
mod driver;
mod errand;
