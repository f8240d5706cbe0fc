"""What the buttons do: each operator reads its properties, calls a function, reports."""
