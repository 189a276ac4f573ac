"""What a person's browser does, without a screen: it keeps cookies, follows links and sends forms back."""

from collections.abc import Mapping
from http.cookiejar import Cookie
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.cookies import RequestsCookieJar

from services.node.demo.page import Form, Page, Unexpected, read
from services.node.provider.loopback import is_loopback

_LONGEST_S = 20.0
File = tuple[str, bytes, str]


class Browser:
    """One person at one browser. It goes to this machine only."""

    def __init__(self, authority: Path | None = None) -> None:
        """`authority`: the certificates to trust, where they are not those of the machine."""
        self.session = requests.Session()
        self.session.cookies = _Cookies()
        self.session.verify = str(authority) if authority else True
        # A proxy named in the environment must not come between loopback and us.
        self.session.trust_env = False

    def get(self, url: str, expect: int | None = 200) -> Page:
        return self._page(self._ask("GET", url), expect)

    def download(self, url: str) -> bytes:
        answer = self._ask("GET", url)
        if answer.status_code != 200:
            raise Unexpected(f"{url} answered {answer.status_code}")
        return answer.content

    def submit(
        self,
        form: Form,
        fields: Mapping[str, str | list[str]] | None = None,
        *,
        files: Mapping[str, File] | None = None,
        button: str = "",
        expect: int | None = 200,
    ) -> Page:
        """Sends the form as it stands with `fields` changed, by the button with these words."""
        changed = {name: [value] if isinstance(value, str) else value for name, value in (fields or {}).items()}
        pairs = [(name, value) for name, value in form.fields if name not in changed]
        pairs += [(name, value) for name, values in changed.items() for value in values]
        for name, value, words in form.buttons:
            if name and button and button.lower() in words.lower():
                pairs.append((name, value))
                break
        if form.method == "get":
            return self._page(self._ask("GET", form.action, params=pairs), expect)
        given = dict(files or {}) if form.files else None
        return self._page(self._ask("POST", form.action, data=pairs, files=given), expect)

    def _ask(self, method: str, url: str, **content: Any) -> requests.Response:
        if not is_loopback(urlsplit(url).hostname or ""):
            raise Unexpected(f"{url} is not on this machine.")
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        headers = {"Origin": origin, "Referer": url} if method == "POST" else {}
        return self.session.request(method, url, timeout=_LONGEST_S, headers=headers, **content)

    def _page(self, answer: requests.Response, expect: int | None) -> Page:
        page = read(answer.url, answer.status_code, answer.text)
        if expect is not None and answer.status_code != expect:
            raise Unexpected(f"Expected {expect}, saw {page.glimpse()}")
        return page


class _Cookies(RequestsCookieJar):
    """As browsers do on this machine, Secure ones go over plain http too."""

    def set_cookie(self, cookie: Cookie, *given: Any, **named: Any) -> None:
        cookie.secure = False
        super().set_cookie(cookie, *given, **named)
