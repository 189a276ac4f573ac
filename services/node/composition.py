"""The services of an embedded node, each with the settings that one data folder and one process give it.

What the node does not decide itself, such as the mail server, is read from the environment as in deployment
(`FOSSE_NOTIFICATION_SMTP_HOST`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from services.common.service import Floor, Service
from services.common.settings import load
from services.evaluation import service as evaluation
from services.evaluation.settings import Settings as EvaluationSettings
from services.events import service as events
from services.events.settings import Settings as EventsSettings
from services.federation import service as federation
from services.federation.settings import Settings as FederationSettings
from services.membership import service as membership
from services.membership.settings import Settings as MembershipSettings
from services.node.settings import Settings
from services.notification import service as notification
from services.notification.settings import Settings as NotificationSettings
from services.resource import service as resource
from services.resource.settings import Settings as ResourceSettings


@dataclass(frozen=True)
class Piece:
    name: str
    build: Callable[[Floor], Service]


def pieces(settings: Settings, data: Path, run_dir: Path) -> list[Piece]:
    """In the order in which they start."""
    return [
        Piece("membership", lambda floor: membership.build(floor, _membership(settings, data, run_dir))),
        Piece("events", lambda floor: events.build(floor, _events(data, run_dir))),
        Piece("resource", lambda floor: resource.build(floor, _resource(data, run_dir))),
        Piece("evaluation", lambda floor: evaluation.build(floor, _evaluation(data, run_dir))),
        Piece("federation", lambda floor: federation.build(floor, _federation(settings, data, run_dir))),
        Piece("notification", lambda floor: notification.build(floor, _notification(settings, data, run_dir))),
    ]


def _membership(settings: Settings, data: Path, run_dir: Path) -> MembershipSettings:
    given = load(MembershipSettings, "fosse_membership")
    return replace(given, data_dir=data, run_dir=run_dir, issuer=settings.issuer_address)


def _events(data: Path, run_dir: Path) -> EventsSettings:
    return replace(load(EventsSettings, "fosse_events"), data_dir=data, run_dir=run_dir)


def _evaluation(data: Path, run_dir: Path) -> EvaluationSettings:
    return replace(load(EvaluationSettings, "fosse_evaluation"), data_dir=data, run_dir=run_dir)


def _resource(data: Path, run_dir: Path) -> ResourceSettings:
    return replace(load(ResourceSettings, "fosse_resource"), data_dir=data, run_dir=run_dir)


def _federation(settings: Settings, data: Path, run_dir: Path) -> FederationSettings:
    given = load(FederationSettings, "fosse_federation")
    return replace(
        given,
        data_dir=data,
        run_dir=run_dir,
        hub=settings.hub,
        slug=settings.slug,
        name=settings.name,
        door_listen=f"{settings.host}:{settings.door}",
    )


def _notification(settings: Settings, data: Path, run_dir: Path) -> NotificationSettings:
    given = load(NotificationSettings, "fosse_notification")
    return replace(given, data_dir=data, run_dir=run_dir, public_url=settings.address)
