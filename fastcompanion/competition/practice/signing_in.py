"""Who may ask: the key of this start, and what somebody gets who signs in as on the real site (OAuth).

Nobody signs in to a practice competition: `practice run` gives the client its key. The calls of the
client's `auth login` are answered all the same, for a code that this program gave out; the address
at which people sign in on the real site is none here. Tokens are forgotten when the server ends.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading

from fastcompanion.base import clock
from fastcompanion.competition.practice.calls import USER, Answered, Asked, Refused, text_of

SCOPE = "resources.admin:*"
_KEY_LASTS = 86_400
_LOGIN_LASTS = 3600
_MOST_LASTS = 43_200


class SignIns:
    """The key, and the tokens of those who signed in."""

    def __init__(self) -> None:
        self.key = clock.new_secret()
        self._codes: dict[str, str] = {}
        self._refresh: set[str] = set()
        self._access: dict[str, tuple[int, str]] = {}
        self._lock = threading.Lock()

    def code(self, challenge: str) -> str:
        """Give a code for whoever knows what the challenge was made of (PKCE, S256)."""
        made = clock.new_secret()
        with self._lock:
            self._codes[made] = challenge.rstrip("=")
        return made

    def is_key(self, given: str) -> bool:
        """Is this the key of this start? Compared in a time that tells nothing."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.key.encode())

    def is_token(self, given: str) -> bool:
        """Is this the key, or a token that was given out and is still good?"""
        return self.is_key(given) or self._until(given) > _now()

    def _until(self, given: str) -> int:
        with self._lock:
            until, parent = self._access.get(given, (0, ""))
            return until if parent in self._refresh else 0

    def introspect(self, asked: Asked) -> Answered:
        """Tell whether a token is good, and whose it is."""
        given = text_of(asked, "token")
        if not self.is_token(given):
            return {"active": False}
        until = _now() + _KEY_LASTS if self.is_key(given) else self._until(given)
        about = {"username": USER, "userId": 1, "clientId": "kagglesdk"}
        return {"active": True, **about, "scope": SCOPE, "exp": until}

    def exchange(self, asked: Asked) -> Answered:
        """Give tokens for a code, once, to whoever knows its verifier."""
        verifier = text_of(asked, "codeVerifier").encode("utf-8", "replace")
        made = base64.urlsafe_b64encode(hashlib.sha256(verifier).digest()).decode().rstrip("=")
        with self._lock:
            challenge = self._codes.pop(text_of(asked, "code"), "")
        good = text_of(asked, "grantType") == "authorization_code"
        if not good or not challenge or not hmac.compare_digest(challenge.encode(), made.encode()):
            raise Refused(400, "invalid_grant")
        refresh = clock.new_secret()
        with self._lock:
            self._refresh.add(refresh)
        told = {"refreshToken": refresh, "tokenType": "Bearer", "expiresIn": _LOGIN_LASTS}
        about = {"username": USER, "userId": 1, "scope": SCOPE}
        return {"accessToken": self._token(refresh, _LOGIN_LASTS), **told, **about}

    def generate(self, asked: Asked) -> Answered:
        """Give another access token to whoever has the long-lived one."""
        refresh = text_of(asked, "refreshToken")
        with self._lock:
            known = refresh in self._refresh
        if not known:
            raise Refused(401, "Unauthenticated")
        seconds = min(_seconds(text_of(asked, "expirationDuration")), _MOST_LASTS)
        token = self._token(refresh, seconds)
        return {"token": token, "expiresIn": seconds, "userName": USER, "userId": 1}

    def expire(self, asked: Asked) -> Answered:
        """Revoke a token, and with a long-lived one all that were made of it."""
        given = text_of(asked, "token")
        with self._lock:
            self._refresh.discard(given)
            self._access.pop(given, None)
        return {}

    def _token(self, refresh: str, seconds: int) -> str:
        made = clock.new_secret()
        with self._lock:
            self._access[made] = (_now() + seconds, refresh)
        return made


def _now() -> int:
    return int(clock.now().timestamp())


def _seconds(duration: str) -> int:
    """Read `43200s`; what can't be read is the usual time."""
    number = duration.removesuffix("s").partition(".")[0]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 9 else _MOST_LASTS


#: methods that need no key, as they are how one gets one
METHODS = {
    "security.OAuthService/IntrospectToken": SignIns.introspect,
    "security.OAuthService/ExchangeOAuthToken": SignIns.exchange,
    "users.AccountService/GenerateAccessToken": SignIns.generate,
    "users.AccountService/ExpireApiToken": SignIns.expire,
}
