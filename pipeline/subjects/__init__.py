"""What is analysed: a checkpoint on the splits of a treebank, and what its tokenizer and tags make of them."""
