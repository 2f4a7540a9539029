"""Services without rules of their own: redaction by default-deny, what is public in them, and their profiles."""
