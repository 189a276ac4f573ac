"""For servers that are told where the application is made: `gunicorn 'gateway.wsgi:app_from_environment()'`."""

from flask import Flask

from gateway.app import create_app
from gateway.settings import Settings
from services.common import logs, settings


def app_from_environment() -> Flask:
    """Called once in each worker, after the fork."""
    logs.start("gateway")
    return create_app(settings.load(Settings, "fosse_gateway"))
