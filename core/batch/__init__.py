"""A crowd of people, each to a character of their own: workers, what is done already, and the summary."""
