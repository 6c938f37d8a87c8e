"""A minimal but real implementation of Fluid: controllers, webhook, cache."""
