"""Pages of our own that carry their style with them: what their policy has to let be."""

import base64
import re
from hashlib import sha256
from importlib.resources import files


def read_page(name: str) -> str:
    """Return a page that lies beside this module."""
    return files("mailconfig.http").joinpath(name).read_text("utf-8")


def own_style(html: str) -> str:
    """Return the source (CSP 3, section 2.3.1) that lets exactly the style of a page be."""
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    return f"'sha256-{digest}'"
