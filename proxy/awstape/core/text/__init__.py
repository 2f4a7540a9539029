"""Text operations without any knowledge of AWS: encoded and JSON text within text, printable and shortened text.

Read first: encoded_text.
May import: nothing.
"""
