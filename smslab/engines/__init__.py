"""Engines that run a scenario; all give the same rows on the same seed."""
