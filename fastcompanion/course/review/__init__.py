"""Cards and their reviews: questions that come back just before they would be forgotten."""
