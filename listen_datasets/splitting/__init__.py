"""The parts of a split: what may not be divided, what is kept, what is balanced, and how all of it is proved."""
