"""What analyses found: findings and scores, the files that hold them, and reading them back."""
