"""Stores of every release, and what they hold."""
