"""What tests and benchmarks judge by: heads and photos of which the truth is known."""
