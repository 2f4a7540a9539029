"""Redaction of text: finds identifiers, ARNs, values of condition keys and known names in a text, and replaces them."""
