"""One demo resource at the JSON API: its author writes, a convenor publishes and makes new editions."""

from typing import Any

from services.node.demo.person import Person
from services.node.demo.world import Resource, item_id


class Shelf:
    """One resource at the JSON API: its author writes, a convenor publishes."""

    def __init__(self, resource_id: str, author: Person, convenor: Person, resource: Resource) -> None:
        self.resource = resource
        self._path = f"/resources/{resource_id}"
        self._id = resource_id
        self._author = author
        self._convenor = convenor

    def found(self) -> dict[str, Any] | None:
        answer = self._author.ask("GET", self._path)
        return dict(answer["resource"]) if answer else None

    def create(self, community_id: str, words: dict[str, Any]) -> dict[str, Any]:
        return self._asked(self._author, "/resources", id=self._id, communityId=community_id, words=words)

    def change(self, found: dict[str, Any], words: dict[str, Any]) -> dict[str, Any]:
        body = {"expectedVersion": found["version"], "words": words}
        return _resource(self._editor(found).ask("PUT", self._path, body))

    def add_file(self, found: dict[str, Any], title: str, content: bytes) -> dict[str, Any]:
        words = {**self._part(found, title), "expected_version": found["version"]}
        words = {name: str(value) for name, value in words.items()}
        file = ("".join(sign if sign.isalnum() else "-" for sign in title.lower())[:60] + ".pdf", content)
        return _resource(self._editor(found).upload(f"{self._path}/files", (*file, "application/pdf"), words))

    def add_link(self, found: dict[str, Any], title: str) -> dict[str, Any]:
        link = f"https://library.example/{self.resource.id}"
        version = found["version"]
        return self._asked(
            self._editor(found), f"{self._path}/links", expectedVersion=version, link=link, **self._part(found, title)
        )

    def begin_edition(self, found: dict[str, Any]) -> dict[str, Any]:
        if not found.get("draft"):
            found = self._asked(self._convenor, f"{self._path}:startEdition", expectedVersion=found["version"])
        for part in found["draft"].get("parts", []):
            path = f"{self._path}/parts/{part['id']}:remove"
            found = self._asked(self._convenor, path, expectedVersion=found["version"])
        return found

    def publish(self, found: dict[str, Any], note: str) -> dict[str, Any]:
        audience = f"AUDIENCE_{self.resource.audience.upper()}"
        path = f"{self._path}:publish"
        return self._asked(self._convenor, path, expectedVersion=found["version"], audience=audience, note=note)

    def withdraw(self, found: dict[str, Any]) -> dict[str, Any]:
        reason = self.resource.withdrawn_because
        return self._asked(self._convenor, f"{self._path}:withdraw", expectedVersion=found["version"], reason=reason)

    def _editor(self, found: dict[str, Any]) -> Person:
        """What is seen beyond the node is a convenor's to change."""
        return self._convenor if found.get("editions") else self._author

    def _part(self, found: dict[str, Any], title: str) -> dict[str, Any]:
        edition = len(found.get("editions", [])) + 1
        adapt = self.resource.licence not in {"CC-BY-NC-ND-4.0", "LINK-ONLY"}
        return {
            "part_id": item_id(self._id, f"part {edition}"),
            "title": title,
            "licence": self.resource.licence,
            "may_be_adapted": adapt,
        }

    def _asked(self, person: Person, path: str, **body: Any) -> dict[str, Any]:
        return _resource(person.ask("POST", path, body))


def _resource(answer: dict[str, Any] | None) -> dict[str, Any]:
    return dict((answer or {})["resource"])
