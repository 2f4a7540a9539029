"""The wire protocols of AWS: one module per protocol, their table in `dispatch`, and the formats that they share."""
