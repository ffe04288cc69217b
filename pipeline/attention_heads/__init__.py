"""What attention heads look at and which syntax they track: tables and figures of one checkpoint."""
