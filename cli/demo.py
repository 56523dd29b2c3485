"""The demo account: made once per data folder, so that the first visit needs no form."""

import httpx2

# A name reserved for examples (RFC 2606), and still one that an address check lets through.
EMAIL = "demo@example.com"
PASSWORD = "parley-demo-2026"  # noqa: S105 - printed on the screen, on a loopback stack only
NAME = "Demo"
DEADLINE_SECONDS = 15.0


def ensure_demo_account(url: str) -> bool:
    """Register the account, or find that it is there; False when the gateway will not."""
    account = {"email": EMAIL, "password": PASSWORD, "name": NAME}
    try:
        answer = httpx2.post(
            f"{url}/api/auth/register",
            json=account,
            headers={"Origin": url},
            timeout=DEADLINE_SECONDS,
            trust_env=False,
        )
    except httpx2.HTTPError:
        return False
    return answer.status_code in {httpx2.codes.CREATED, httpx2.codes.CONFLICT}
