"""Redaction by members: what the service models of IAM, STS and Access Analyzer say of the strings in a member."""
