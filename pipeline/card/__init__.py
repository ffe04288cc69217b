"""The report card of a headline UUAS: changed texts, cells of edges, held-out constructions, and the table of them."""
