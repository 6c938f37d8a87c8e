"""The judge: ledger, tests, waiting, sweeping, verdicts."""
