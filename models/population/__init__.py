"""The population of heads: sampled, measured, and drawn to what surveys say."""
