"""What the Lambda functions do: one step a state, on the bucket's objects."""
