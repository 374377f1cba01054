"""The network model and what we believe of it: state, physics, KPIs, margins, rules and safe controllers."""
