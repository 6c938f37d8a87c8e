"""What the dataset-controller does with a DataLoad: one Job that reads paths through the workers, and its status."""
