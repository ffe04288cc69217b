"""What a GPU computes beside the bare computation that it cannot do without: a part a module, `__main__` does all."""
