"""The query page: a small explorer of our own, self-contained, under a policy of hashes.

It loads nothing from elsewhere. Must not know more of the API than its examples show.
"""

import base64
import re
from functools import cache
from hashlib import sha256
from importlib.resources import files


@cache
def explorer_html() -> str:
    """Return the page."""
    return files("mailconfig.http").joinpath("explorer.html").read_text("utf-8")


@cache
def explorer_policy() -> str:
    """Return the content security policy that lets exactly this page's own parts run."""
    html = explorer_html()
    return (
        f"default-src 'none'; script-src {_hashes(html, 'script')};"
        f" style-src {_hashes(html, 'style')}; connect-src 'self'; img-src data:;"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _hashes(html: str, tag: str) -> str:
    bodies = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
    digests = (sha256(body.encode()).digest() for body in bodies)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
