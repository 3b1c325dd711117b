"""What judges samples: a CNN, a distance by its features; and a VAE to hold samples against."""
