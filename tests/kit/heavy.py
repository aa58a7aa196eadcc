"""Documents that cost much to read, check or answer, in few characters.

Each is to be refused quickly, or to be harmless; `HEAVY` names them, for tests and benchmarks.
"""

from typing import Final

MIB: Final = 1024 * 1024
SMALL: Final = "query { viewer { email role } }"
"""What they are compared with."""


def nested(levels: int, spreads: int) -> str:
    """Return fragments in fragments: their fields double, or more, with each."""
    body = "".join(
        f"fragment F{n} on EmailConfig {{ {f'...F{n + 1} ' * spreads} }} " for n in range(levels)
    )
    last = f"fragment F{levels} on EmailConfig {{ id }}"
    return f"query {{ configs {{ nodes {{ ...F0 }} }} }} {body}{last}"


def circle(levels: int) -> str:
    """Return fragments that spread one another in a circle."""
    body = "".join(
        f"fragment F{n} on EmailConfig {{ ...F{(n + 1) % levels} ...F{(n + 2) % levels} }} "
        for n in range(levels)
    )
    return f"query {{ configs {{ nodes {{ ...F0 }} }} }} {body}"


def introspection(levels: int) -> str:
    """Return types of fields of types, as deep as asked."""
    return f"{{ __schema {{ types {{ {'fields { type { ' * levels} name {'} } ' * levels} }} }} }}"


HEAVY: Final[dict[str, str]] = {
    "1,000 aliases": "{ " + " ".join(f"a{n}: viewer {{ email }}" for n in range(1000)) + " }",
    "200 aliases": "{ " + " ".join(f"a{n}: viewer {{ email }}" for n in range(200)) + " }",
    "3,000 copies": "{ " + "viewer { email } " * 3000 + "}",
    "fragments in fragments, 30 by 2": nested(30, 2),
    "fragments in fragments, 90 by 5": nested(90, 5),
    "fragments in a circle": circle(90),
    "900 copies within the tokens": "{ viewer { " + "email " * 900 + "} }",
    "conflicting copies": "{ viewer { " + "email: role email " * 400 + "} }",
    "1 MiB of fields": "{ viewer { " + "email " * (MIB // 6) + "} }",
    "1 MiB of one text": '{ node(id: "' + "x" * MIB + '") { id } }',
    "1 MiB of comments": "#\n" * (MIB // 2) + SMALL,
    "60 KiB of commas": "{ viewer { email " + "," * 60_000 + "} }",
    "directives on a field": "{ viewer { email " + "@include(if: true) " * 1000 + "} }",
    "directives within the tokens": "{ viewer { email " + "@include(if: true) " * 300 + "} }",
    "circular introspection": introspection(100),
    "introspection within the depth": introspection(5),
    "unknown fields": "{ " + " ".join(f"u{n}" for n in range(1500)) + " }",
    "unknown fields in configs": "{ configs { " + " ".join(f"u{n}" for n in range(900)) + " } }",
    "deep selections": "{ node " * 190 + "}" * 190,
    "deep lists": "{ node(id: " + "[" * 190 + "]" * 190 + ") { id } }",
    "a page of pages": "{ configs(first: 100) { nodes { tests(first: 100) { nodes { id } } } } }",
    "a syntax error at the end": "{ viewer { " + "email " * 1900 + "} ",
    "many variables": "query ("
    + " ".join(f"$v{n}: Int" for n in range(600))
    + ") { viewer { id } }",
}
