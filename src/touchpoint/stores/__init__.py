"""Stores: the port (`Store`), the JSON that lasts, and SQLite."""
