"""Looks a node over: `asking` asks its processes, `judging` says what needs a person, `telling` puts it on a screen."""
