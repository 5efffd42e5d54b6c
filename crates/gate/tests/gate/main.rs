//! The gate as its fronts and sources see it: a real catalogue, policy, log and store around an in-process source.
#![expect(unreachable_pub, reason = "one test binary: everything is for its own modules")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic as tests may"
)]

mod approvals;
mod calls;
mod catalogue;
mod discovery;
mod explaining;
mod lists;
mod notes;
mod parking;
mod results;
mod rows_audit;
mod rows_definitions;
mod rows_identity;
mod rows_money;
mod rows_names;
mod rows_policy;
mod rows_protocol;
mod support;
mod tenant_state;
mod tenants;
mod views;
mod watching;
