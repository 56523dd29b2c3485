"""The guard of the two routes that a cookie opens: only our own pages may call them."""

from urllib.parse import urlsplit

from fastapi import Request

from runtime.errors import DomainError

CSRF_HEADER = "X-Parley-CSRF"


def require_same_origin(request: Request, public_origin: str) -> None:
    """Refuse a request that another site's page may have caused.

    The header cannot be set across origins without a preflight, which is never granted.
    Programs send neither Origin nor Sec-Fetch-Site; browsers cannot leave both out.

    Raises:
        DomainError: the header is missing, or the request comes from elsewhere.
    """
    headers = request.headers
    if CSRF_HEADER not in headers:
        raise DomainError("not_allowed", f"The header {CSRF_HEADER} is missing.", status=403)
    if headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise DomainError("not_allowed", "The request comes from another site.", status=403)
    origin = headers.get("Origin")
    if origin is None or origin == public_origin:
        return
    # Reached under another name than the configured one: then page and request share the host.
    if urlsplit(origin).netloc != headers.get("Host") or origin == "null":
        raise DomainError("not_allowed", "The request comes from another site.", status=403)
