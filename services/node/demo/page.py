"""A page as a person sees it: words, links, and forms with all that is in them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit


class Unexpected(Exception):
    """A page was not what the person looked for; the sentence says what it was."""


@dataclass
class Form:
    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)
    """Name, value and words of each."""
    choices: dict[str, list[str]] = field(default_factory=dict)
    """What each select offers."""

    blank: set[str] = field(default_factory=set)
    """Names of boxes that are not ticked."""

    @property
    def names(self) -> set[str]:
        """Of all that can be filled in or chosen, ticked or not."""
        return {name for name, _ in self.fields} | set(self.files) | {name for name, _, _ in self.buttons} | self.blank

    def value(self, name: str) -> str:
        return next((value for given, value in self.fields if given == name), "")


@dataclass(frozen=True)
class Page:
    url: str
    status: int
    html: str
    words: str
    forms: list[Form]
    links: list[tuple[str, str]]
    """Address and words of each."""

    def form(self, *, having: str = "", leads_to: str = "", says: str = "") -> Form:
        """The first form with a field or button of this name, an action that ends so, a button with these words."""
        for form in self.forms:
            if having and having not in form.names:
                continue
            if not urlsplit(form.action).path.endswith(leads_to):
                continue
            if says and not any(says.lower() in words.lower() for _, _, words in form.buttons):
                continue
            return form
        raise Unexpected(f"No form {having}{leads_to}{says} on {self.glimpse()}")

    def link(self, says: str = "", leads_to: str = "") -> str:
        for address, words in self.links:
            if says.lower() in words.lower() and leads_to in address:
                return address
        raise Unexpected(f"No link {says}{leads_to} on {self.glimpse()}")

    def glimpse(self) -> str:
        return f"{self.url} ({self.status}): {self.words[:600]}"


def read(url: str, status: int, html: str) -> Page:
    reader = _Reader(url)
    reader.feed(html)
    words = " ".join(" ".join(reader.text).split())
    return Page(url, status, html, words, reader.forms, reader.links)


class _Reader(HTMLParser):
    """Takes forms, links and words out of a page."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self.forms: list[Form] = []
        self.links: list[tuple[str, str]] = []
        self.text: list[str] = []
        self._form: Form | None = None
        self._collect: list[str] | None = None
        self._open: dict[str, str] = {}
        self._select = ""
        self._chosen: str | None = None
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in {"script", "style", "head"}:
            self._hidden += 1
        elif tag == "form":
            self._form = Form(urljoin(self._url, given.get("action", "")), given.get("method", "get").lower())
            self.forms.append(self._form)
        elif tag == "a":
            self._open, self._collect = given, []
        elif self._form is not None:
            self._control(self._form, tag, given)

    def _control(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name, kind = given.get("name", ""), given.get("type", "text")
        if tag in {"button", "textarea"}:
            self._open, self._collect = given, []
        elif tag == "select":
            self._select, self._chosen = name, None
        elif tag == "option" and self._select:
            form.choices.setdefault(self._select, []).append(given.get("value", ""))
            if self._chosen is None or "selected" in given:
                self._chosen = given.get("value", "")
        elif tag == "input" and name and kind == "file":
            form.files.append(name)
        elif tag == "input" and kind in {"checkbox", "radio"} and "checked" not in given:
            form.blank.add(name)
        elif tag == "input" and name:
            form.fields.append((name, given.get("value", "on" if kind == "checkbox" else "")))

    def handle_endtag(self, tag: str) -> None:
        words = " ".join("".join(self._collect or []).split())
        if tag in {"script", "style", "head"}:
            self._hidden -= 1
        elif tag == "a" and self._collect is not None:
            self.links.append((urljoin(self._url, self._open.get("href", "")), words))
            self._collect = None
        elif tag == "form":
            self._form = None
        elif self._form is not None and self._collect is not None and tag in {"button", "textarea"}:
            name = self._open.get("name", "")
            if tag == "button":
                self._form.buttons.append((name, self._open.get("value", ""), words))
            else:
                self._form.fields.append((name, "".join(self._collect).removeprefix("\n")))
            self._collect = None
        elif tag == "select" and self._form is not None and self._select:
            if self._chosen is not None:
                self._form.fields.append((self._select, self._chosen))
            self._select = ""

    def handle_data(self, data: str) -> None:
        if self._collect is not None:
            self._collect.append(data)
        if not self._hidden:
            self.text.append(data)
