"""Codes that members and organisations are sorted by, with what people call them: on pages, and in files they send."""

from collections.abc import Mapping
from typing import Final

ROLE_GROUPS: Final[Mapping[str, str]] = {
    "nursing": "Nursing",
    "allied_health": "Allied health",
    "medical": "Medical",
    "pharmacy": "Pharmacy",
    "social_work": "Social work",
    "care_home": "Care home staff and managers",
    "commissioning_quality": "Commissioning and quality",
    "education_improvement": "Education, research and improvement",
}
ORGANISATION_TYPES: Final[Mapping[str, str]] = {
    "ccg": "Clinical commissioning group (historical)",
    "icb": "Integrated care board",
    "psc": "Patient safety collaborative or health innovation network",
    "acute": "NHS acute trust",
    "community": "Community health provider",
    "mental_health": "Mental health or community trust",
    "pcn": "Primary care network",
    "council": "Council adult social care",
    "home_nursing": "Care home with nursing",
    "home_residential": "Care home without nursing",
    "provider_group": "Care home group",
    "provider_assoc": "Care provider association",
    "hospice": "Hospice",
    "university": "University or research",
    "ambulance": "Ambulance service",
    "pharmacy": "Community pharmacy",
    "vcse": "Voluntary sector",
}
