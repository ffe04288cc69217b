"""The steps of `untrained`: trees that need no training, their choice on dev, and their scores."""
