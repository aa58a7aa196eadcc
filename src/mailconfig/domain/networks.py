"""Which IP addresses are ordinary ones of the public internet, and which lead to other ones.

Pure tables of the registries (RFC 6890 and its successors), and which addresses are one caller.
Whether an address may be dialled is decided in `egress`.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from mailconfig.domain.resolution import IPAddress

SPECIAL_V4: Final = tuple(
    IPv4Network(each)
    for each in (
        "0.0.0.0/8",  # this host, unspecified (RFC 791)
        "10.0.0.0/8",  # private (RFC 1918)
        "100.64.0.0/10",  # carrier-grade NAT (RFC 6598)
        "127.0.0.0/8",  # loopback (RFC 1122)
        "168.63.129.16/32",  # Azure's platform service on a public address
        "169.254.0.0/16",  # link-local (RFC 3927), cloud metadata
        "172.16.0.0/12",  # private (RFC 1918)
        "192.0.0.0/24",  # protocol assignments (RFC 6890)
        "192.0.2.0/24",  # documentation (RFC 5737)
        "192.88.99.0/24",  # 6to4 relays (RFC 7526)
        "192.168.0.0/16",  # private (RFC 1918)
        "198.18.0.0/15",  # benchmarking (RFC 2544)
        "198.51.100.0/24",  # documentation (RFC 5737)
        "203.0.113.0/24",  # documentation (RFC 5737)
        "224.0.0.0/4",  # multicast (RFC 5771)
        "240.0.0.0/4",  # reserved (RFC 1112), broadcast
    )
)
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
"""The only part of IPv6 given to hosts (RFC 4291, section 2.4): no ULA, link-local, mapped."""
SPECIAL_V6: Final = tuple(
    IPv6Network(each)
    for each in (
        "2001::/23",  # protocol assignments (RFC 2928): Teredo, benchmarking, ORCHID
        "2001:db8::/32",  # documentation (RFC 3849)
        "2002::/16",  # 6to4 (RFC 3056)
        "3fff::/20",  # documentation (RFC 9637)
    )
)
_LAST_32_BITS: Final = tuple(
    IPv6Network(each)
    for each in (
        "::/96",  # IPv4-compatible (RFC 4291)
        "::ffff:0:0/96",  # IPv4-mapped (RFC 4291)
        "::ffff:0:0:0/96",  # IPv4-translated (RFC 7915)
        "64:ff9b::/96",  # NAT64 (RFC 6052)
        "64:ff9b:1::/48",  # local NAT64 (RFC 8215), as translators with a /96 prefix use it
    )
)
"""Networks whose addresses carry an IPv4 address at their end."""
_CALLER_BITS: Final = 64


def _is_isatap(address: IPv6Address) -> bool:
    """Tell an IPv4 address behind 0000:5efe or 0200:5efe (RFC 5214, section 6.1)."""
    return address.packed[8:12] in (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")


def embedded(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """Return the IPv4 addresses that an IPv6 address leads to."""
    if int(address) <= 1:  # unspecified and loopback; newer Pythons' is_loopback means more
        return ()
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo  # relay and client (RFC 4380)
    at_end = _is_isatap(address) or any(address in each for each in _LAST_32_BITS)
    return (IPv4Address(int(address) & 0xFFFFFFFF),) if at_end else ()


def is_public(address: IPAddress) -> bool:
    """Tell whether an address is an ordinary one of the public internet."""
    if isinstance(address, IPv4Address):
        return not any(address in each for each in SPECIAL_V4)
    special = _is_isatap(address) or any(address in each for each in SPECIAL_V6)
    return address in _GLOBAL_UNICAST and not special


def caller_network(peer: str) -> str:
    """Return what a peer is counted by: an IPv4 address, or the /64 of an IPv6 address.

    A /64 is the least that a site is given (RFC 6177, RFC 4291 section 2.5.1), and each of its
    hosts may take any of its 2**64 addresses. Any other text, such as a name, stays as it is.
    """
    try:
        address = ip_address(peer)
    except ValueError:
        return peer
    if isinstance(address, IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:  # how a socket of both families shows IPv4
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), _CALLER_BITS), strict=False))
