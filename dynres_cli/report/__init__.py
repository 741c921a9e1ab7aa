"""The only place that prints: records and plans become text for people, and JSON for programs."""
