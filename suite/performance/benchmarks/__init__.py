"""Benchmarks of a data plane, in a session of pytest-benchmark's own that `suite/performance` starts and judges."""
