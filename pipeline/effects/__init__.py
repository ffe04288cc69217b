"""What interventions on a model's states change: the steps of the analysis `causal`."""
