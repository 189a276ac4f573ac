"""Speaking HTTP as a browser does, one step at a time."""

import re
from typing import Any, Self

import requests

_TOKEN = re.compile(r'name="csrf_token" value="([0-9a-f]+)"')


class Browser:
    """Speaks HTTP as a browser does: cookies, forms with their hidden fields, redirects one by one."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = requests.Session()
        self.http.trust_env = False
        self.seen: list[requests.Response] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def get(self, path: str, **given: Any) -> requests.Response:
        return self._keep(self.http.get(self._at(path), allow_redirects=False, timeout=10, **given))

    def post(self, path: str, data: Any = None, **given: Any) -> requests.Response:
        return self._keep(self.http.post(self._at(path), data, allow_redirects=False, timeout=10, **given))

    def send(self, path: str, form_at: str = "", **fields: str) -> requests.Response:
        """Opens the page with the form, then sends the form with its token."""
        return self.post(path, {"csrf_token": self.form_token(form_at or path), **fields})

    def form_token(self, path: str) -> str:
        page = self.get(path)
        found = _TOKEN.search(page.text)
        assert found, f"no form at {path}: {page.status_code}"
        return found[1]

    def sign_in(self, name: str, next_path: str = "/", form_at: str = "/signin") -> requests.Response:
        """The whole way: our page, the provider's, and back; answers the response that set the session."""
        asked = self.get(self.ask_provider(next_path, form_at))
        form_token = re.search(r'name="form_token" value="([^"]+)"', asked.text)
        subject = re.search(rf'name="subject" value="([^"]+)">\s*{re.escape(name)}', asked.text)
        assert form_token and subject, asked.text
        chosen = self.post(asked.url, {"form_token": form_token[1], "subject": subject[1]})
        return self.get(chosen.headers["Location"])

    def ask_provider(self, next_path: str = "/", form_at: str = "/signin") -> str:
        """The provider's address that our sign-in leads to."""
        begun = self.send("/signin", form_at, next=next_path)
        assert begun.status_code == 303, begun.text
        return begun.headers["Location"]

    def _at(self, path: str) -> str:
        return path if path.startswith("http") else f"{self.url}{path}"

    def _keep(self, response: requests.Response) -> requests.Response:
        self.seen.append(response)
        return response
