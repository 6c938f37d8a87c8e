"""The contract, test by test: a test's name is its sentence, its marker the ledger's row."""
