"""The page of a study, part by part: its figures with their captions, its tables, its facts, its templates."""
