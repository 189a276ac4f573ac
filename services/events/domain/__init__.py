"""What events decides: meetings, who gets a place, attendance and minutes."""
