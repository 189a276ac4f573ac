"""Meetings: places, waiting list, attendance, minutes."""
