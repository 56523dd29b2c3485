"""Names under which clients' addresses are counted, the same on every process."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_NETWORK_BITS = 64  # an IPv6 customer has a whole /64


def address_name(host: str | None) -> str:
    """Return the name under which a client's address is counted."""
    if host is None:
        return "address:none"
    address = _parsed(host)
    if address is None:
        return f"address:{host}"
    if isinstance(address, IPv4Address):
        return f"address:{address}"
    return f"address:{ip_network((address, _NETWORK_BITS), strict=False)}"


def is_loopback(host: str | None) -> bool:
    """Whether the address is this machine's own; what is no address is not."""
    address = None if host is None else _parsed(host)
    return address is not None and address.is_loopback


def _parsed(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
