"""What is made of the study log: figures, streaks, the heat map, reviews of weeks, forms for others."""
