"""The panels of Furrow's tab."""
