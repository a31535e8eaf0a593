"""The flat, journaled world state (see `types` for its nouns)."""
