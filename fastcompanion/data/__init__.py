"""What kind of data set is this, what is wrong with it, and what is the first number to beat."""
