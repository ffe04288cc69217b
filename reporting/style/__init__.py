"""What figures share: colours, fonts, axes, labels, printed names, and saving."""
