"""Stories: events with who really perceived them and who seemed to, their generator and their English."""
