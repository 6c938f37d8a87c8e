"""Keeps the benchmarks' own session out of this one: test_benchmarks.py starts it."""

collect_ignore = ["benchmarks"]
