"""Checks a form while it is filled in: pure rules over a draft, no network.

Public: `Draft`, `ValidationPolicy` and `validate`.
"""
