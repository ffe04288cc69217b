"""The steps of `effort`: what is trained, what it takes to reach a score, and the table of it all."""
