"""What all figures share: colours, fonts, axes, labels, names in print, and saving."""
