"""Is this process alive? For whoever starts and watches it."""

from flask import Flask, Response

from gateway import guards


def install(app: Flask) -> None:
    app.add_url_rule("/health", "health", health, methods=["GET"])


@guards.anyone
def health() -> Response:
    return Response('{"status":"ok"}', content_type="application/json")
