"""Thin entry points of the command `ranrein`, one file per verb."""
