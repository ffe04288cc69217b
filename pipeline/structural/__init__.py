"""The main job: structural probes of one checkpoint on one treebank, and the trees that they recover."""
