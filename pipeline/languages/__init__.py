"""One space for several languages: probes fitted on some of them and scored on others, and what the spaces share."""
