"""The wire protocols of AWS: one module per protocol, the formats that they share, and their table in `dispatch`."""
