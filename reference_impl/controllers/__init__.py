"""The controllers: a bare list-watch-queue core, and what each kind's reconciliation does with it."""
