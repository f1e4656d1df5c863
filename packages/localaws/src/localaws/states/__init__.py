"""Step Functions on moto's interpreter, with what it lacks. One file for each patch."""
