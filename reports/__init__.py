"""Turns what a run observed into pages that people and programs read."""
