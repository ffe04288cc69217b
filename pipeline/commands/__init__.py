"""The command line: one thin command for each function of the pipeline."""
