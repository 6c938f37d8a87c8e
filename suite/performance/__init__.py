"""What is measured: benchmarks and load, each with its floor, its proof and both sides of its ratio."""
