"""The tables that the floor keeps in every service's database, beside the service's own."""

from sqlalchemy import MetaData

FLOOR = MetaData()
"""Filled by facts, bus, timetable and audit; created by services/common/migrations."""
