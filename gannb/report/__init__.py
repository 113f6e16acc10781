"""What came out, written down: tables, figures, the page, and the page that compares studies."""
