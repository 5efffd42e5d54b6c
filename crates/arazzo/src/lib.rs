//! Arazzo documents: workflows, expressions, criteria, and the order of steps. Pure.
