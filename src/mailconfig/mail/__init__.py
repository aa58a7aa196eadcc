"""Speaks to mail servers and to the DNS, always through egress."""
