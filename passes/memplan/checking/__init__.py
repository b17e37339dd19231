"""What `memplan-check` replays; nothing here is shared with a planner."""
