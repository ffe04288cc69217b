"""Published settings, and what comes of them here: the registry, its files, and running one of them."""
