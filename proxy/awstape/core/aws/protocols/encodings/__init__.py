"""What bodies, forms and headers are written in: JSON, CBOR, XML, form parameters, and scalars as text."""
