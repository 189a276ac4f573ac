"""Properties are searched without a deadline: a busy machine is slow, not wrong."""

from hypothesis import settings

settings.register_profile("busy machine", deadline=None)
settings.load_profile("busy machine")
