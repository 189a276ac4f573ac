"""Notification: one mail for each thing worth telling, and a ledger of how it went."""
