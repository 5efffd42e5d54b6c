//! Recorded HTTP traffic into tools. Pure.
