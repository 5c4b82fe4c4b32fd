"""A linter that thinks: what a thoughtful reviewer would find in journeys before anybody lives through them."""
