"""One photo as the fitted head sees it: unwrapped, its light, its skin."""
