"""Redaction of policy documents by the grammar of their elements, and of other JSON literal by literal."""
