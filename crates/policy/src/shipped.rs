/// The name under which [`SHIPPED`] appears in errors and explanations.
pub const SHIPPED_NAME: &str = "shipped.cedar";

/// The policy that ships: permits what has the effect `read`, set or accepted by the operator, and nothing else.
pub const SHIPPED: &str = include_str!("shipped.cedar");
