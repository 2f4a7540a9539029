"""Certificates: those that our own authority signs for clients, and those by which upstreams are verified.

`certificate_authority` has the CA and its files, `certificates` makes and reads single certificates,
`trusted_certificates` collects the CAs that a machine trusts, and works without mitmproxy and cryptography.
Read first: certificate_authority.
"""
