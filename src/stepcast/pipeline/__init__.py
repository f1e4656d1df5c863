"""What the Lambda functions do: one step for each state, working on the bucket's objects."""
