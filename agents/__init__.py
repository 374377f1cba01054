"""Learning and running: training, evaluation, policy bundles and the operating loop."""
